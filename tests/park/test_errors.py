import ast
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest

from park.cli.main import EXIT_CODES
from park.errors import (
    EnvironmentMismatch,
    NotAuthenticated,
    ParkError,
    ServiceFault,
    UnknownItem,
    UsageError,
    as_raised_here,
    error_classes,
    from_problem,
)


def test_each_class_has_a_documented_exit_code_and_an_http_error_status() -> None:
    for cls in error_classes().values():
        assert cls.exit_code in EXIT_CODES
        assert cls.exit_code != 0
        assert 400 <= cls.http_status < 600


def test_nothing_that_is_said_is_for_a_terminal() -> None:
    """It may be of a job, a service or a file: to be read, and not to be obeyed."""
    error = UsageError("a\x1b[2Jb\r\x07\x9b1m\u202ec\n\td\udce4é", hint="\x1b]0;x\x07")
    assert str(error) == "a\\x1b[2Jb\\r\\x07\\x9b1m\\u202ec\n\td\udce4é"
    assert error.hint == "\\x1b]0;x\\x07"
    shown = "".join(traceback.format_exception(error))
    assert not {"\x1b", "\r", "\x9b", "\u202e"} & set(shown)
    again = UsageError(error.message, hint=error.hint)
    assert (again.message, again.hint) == (error.message, error.hint)


def test_who_sees_a_traceback_sees_the_hint() -> None:
    shown = "".join(traceback.format_exception(UsageError("no colon", hint="write m:f")))
    assert shown.endswith("UsageError: no colon\nhint: write m:f\n")
    error = pickle.loads(pickle.dumps(UsageError("no colon", hint="write m:f")))  # noqa: S301
    assert (error.hint, error.__notes__) == ("write m:f", ["hint: write m:f"])
    assert not hasattr(UsageError("no colon"), "__notes__")


def test_the_tree_is_drawn_in_full() -> None:
    import park.errors

    drawn = set((park.errors.__doc__ or "").split())
    here = {cls for cls in error_classes().values() if cls.__module__ == "park.errors"}
    assert {cls.__name__ for cls in here} <= drawn


@pytest.mark.parametrize("cls", error_classes().values(), ids=lambda cls: cls.__name__)
def test_a_problem_document_gives_the_same_error_back(cls: type[ParkError]) -> None:
    error = cls("what and where", hint="what to do", details={"name": "bumps"})
    again = from_problem(error.as_problem())
    assert type(again) is cls
    assert (again.message, again.hint, again.details) == (error.message, error.hint, error.details)


@pytest.mark.parametrize(
    ("status", "cls"),
    [(401, NotAuthenticated), (404, UnknownItem), (418, UsageError), (500, ServiceFault)],
)
def test_a_problem_of_an_unknown_type_becomes_the_nearest_class(
    status: int, cls: type[ParkError]
) -> None:
    error = from_problem({"type": "about:blank", "status": status, "title": "Something"})
    assert type(error) is cls
    assert error.message == "Something"


def test_a_problem_has_no_empty_members() -> None:
    assert set(EnvironmentMismatch("x").as_problem()) == {"type", "title", "status", "detail"}


def met_in_background(kind: type[Exception]) -> Exception:
    """Return an error as a thread leaves it: with its traceback, and with what is behind it."""
    try:
        try:
            raise LookupError("deep down")  # noqa: TRY301 (a test)
        except LookupError as cause:
            raise kind("what a person reads") from cause
    except kind as error:
        return error


def lines_of(error: BaseException) -> str:
    """Return what Python prints where a script raises ``error`` and does not catch it."""
    try:
        raise as_raised_here(error)  # noqa: TRY301 (a test)
    except BaseException as raised:  # noqa: BLE001 (whatever it is)
        return "".join(traceback.format_exception(raised))


def test_an_error_of_the_background_is_one_traceback_however_often_it_is_raised() -> None:
    error = met_in_background(UsageError)
    for _ in range(3):
        text = lines_of(error)
        assert text.count("Traceback") == 1
        assert "deep down" not in text
        assert "met_in_background" not in text
        assert text.count("in lines_of") == 1
        assert "what a person reads" in text


def test_where_it_is_raised_while_another_is_handled_that_one_is_not_told_either() -> None:
    try:
        raise KeyError("of whoever asks")  # noqa: TRY301 (a test)
    except KeyError:
        assert lines_of(met_in_background(UsageError)).count("Traceback") == 1


def test_a_defect_of_the_background_says_where_it_is() -> None:
    text = lines_of(met_in_background(ValueError))
    assert "deep down" in text
    assert "in met_in_background" in text


ROOT = Path(__file__).parents[2]
_TWO_FACTS = {"park_dist/park/client/installs/matching.py"}
"""Where the error behind says what the one in front does not: who asked may not install."""


@pytest.mark.parametrize("part", ["build", "client", "local", "publish"])
def test_an_error_of_park_stands_alone_in_a_traceback(part: str) -> None:
    chained = [
        f"{name}:{node.lineno}"
        for file in sorted((ROOT / "park_dist/park" / part).rglob("*.py"))
        if (name := file.relative_to(ROOT).as_posix()) not in _TWO_FACTS
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.cause, ast.Name)
    ]
    assert chained == []


@pytest.mark.parametrize(
    "problem",
    [
        {"status": "many", "hint": {"a": 1}, "details": [1], "detail": ["x"]},
        {"type": 7, "status": None, "hint": 3, "details": "x", "title": {}},
        {"type": "urn:park:problem:too-fast", "details": None, "hint": []},
    ],
)
def test_a_problem_of_another_form_is_an_error_all_the_same(problem: dict[str, Any]) -> None:
    error = from_problem(problem)
    assert error.message
    assert (error.hint, error.details) == (None, {})
