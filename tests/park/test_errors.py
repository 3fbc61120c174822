import pickle
import traceback

import pytest

from park.cli.main import EXIT_CODES
from park.errors import (
    EnvironmentMismatch,
    NotAuthenticated,
    ParkError,
    ServiceFault,
    UnknownItem,
    UsageError,
    error_classes,
    from_problem,
)


def test_each_class_has_a_documented_exit_code_and_an_http_error_status() -> None:
    for cls in error_classes().values():
        assert cls.exit_code in EXIT_CODES
        assert cls.exit_code != 0
        assert 400 <= cls.http_status < 600


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
