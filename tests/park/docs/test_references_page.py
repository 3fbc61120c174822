"""What the page says that Python does with references is done: row by row, as it stands there."""

from __future__ import annotations

import copy
import hashlib
import importlib
import importlib.util
import json
import math
import os
import pickle
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.stand_ins.job_service import JobService

from park.client.jobs.placeholders import ValueReference
from park.client.jobs.when import Condition
from park.errors import UsageError

np: Any = importlib.import_module("numpy") if importlib.util.find_spec("numpy") else None
"""The rows that need it are skipped without it."""

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "workflows.md").read_text("utf-8")
CONTENT = b"q r dr"
FILE = {"name": "a.txt", "sha256": hashlib.sha256(CONTENT).hexdigest(), "size": len(CONTENT)}


def rows(heading: str) -> dict[str, str]:
    """Return a table of the page: the first cell of each row, and the last."""
    table = PAGE.partition(heading)[2].lstrip().partition("\n\n")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {cells[0]: cells[-1] for cells in lines}


TABLE = rows('With `v = job.output["x"]`, `f = job.filename`, `u = job.url`:')
EXPRESSIONS = [
    (expression, meaning)
    for cell, meaning in TABLE.items()
    for expression in re.findall("`([^`]+)`", cell)
    if expression != "job"
]


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobService:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    one = JobService().bind()
    monkeypatch.setattr(one, "download", lambda _, target: target.write_bytes(CONTENT))
    return one


@pytest.fixture
def names(one: JobService) -> dict[str, Any]:
    """Give the names that the table uses, of a job that has ended."""
    job, number = (one.service.submit("m:f") for _ in range(2))
    one.end(job.id, result={"x": 1.25}, files=[FILE])
    one.end(number.id, result=1.25, files=[FILE])
    known = {"np": np, "math": math, "json": json, "os": os, "Path": Path, "copy": copy}
    known |= {"pickle": pickle, "array": None if np is None else np.array([1.0])}
    return {**known, "job": number, "v": job.output["x"], "f": job.filename, "u": job.url}


def value_of(expression: str, names: dict[str, Any]) -> Any:
    """Return what a piece of Python comes to; a statement, and a head of one, has no value."""
    for code, mode in ((expression, "eval"), (expression, "exec"), (f"{expression}: pass", "exec")):
        try:
            compiled = compile(code, "the page", mode)
        except SyntaxError:
            continue
        return eval(compiled, names)  # noqa: S307 (the page's own)
    raise AssertionError(f"{expression!r} is no Python")


def is_error(expression: str, names: dict[str, Any], kind: type[Exception]) -> bool:
    with pytest.raises(kind):
        value_of(expression, names)
    return True


def of_numpy(expression: str, names: dict[str, Any]) -> bool:
    """Tell whether it is what numpy makes of the value, also of that of a job."""
    plain = {**names, "v": 1.25}
    of_job = expression.replace("v", "job")
    return all(
        np.array_equal(value_of(each, names), value_of(expression, plain))
        for each in (expression, of_job)
    )


def same_object(expression: str, names: dict[str, Any]) -> bool:
    of_job = {**names, "v": names["job"]}
    return (
        value_of(expression, names) is names["v"] and value_of(expression, of_job) is names["job"]
    )


def is_path_or_file(found: Any) -> bool:
    if isinstance(found, str | Path):
        return Path(found).is_absolute()
    with found:
        return bool(found.read() == CONTENT.decode())


ARRAY = "an array, where they are numbers or arrays (of a `job`: arrays); else `TypeError`"

HOLDS: dict[str, Callable[[str, dict[str, Any]], bool]] = {
    "what it stands for; never waits": lambda e, names: "of job" in value_of(e, names),
    "the value; waits": lambda e, names: value_of(e, names) == value_of(e, {**names, "v": 1.25}),
    "what numpy makes of the value; waits": of_numpy,
    ARRAY: (lambda e, names: np.array_equal(value_of(e, names), value_of(e, {**names, "v": 1.25}))),
    "a condition": lambda e, names: isinstance(value_of(e, names), Condition),
    "a reference to that part": lambda e, names: isinstance(value_of(e, names), ValueReference),
    "`TypeError`: it is `job.output` that stands for the value": (
        lambda e, names: is_error(e, names, TypeError)
    ),
    "`False`: Python asks nobody": lambda e, names: value_of(e, names) is False,
    "`TypeError`: do it in a job": lambda e, names: is_error(e, names, TypeError),
    "`TypeError`": lambda e, names: is_error(e, names, TypeError),
    "that of the object: two references to one part are two keys": lambda e, names: (
        value_of(e, names) != value_of(e, {**names, "v": copy.copy(names["v"]).x})
    ),
    "the same object": same_object,
    "names the job; waits until the service has it": lambda e, names: (
        names["v"]._stands_for()[0].id.encode() in value_of(e, names)
    ),
    "`UsageError`: it is `job.filename` that stands for the file": (
        lambda e, names: is_error(e, names, UsageError)
    ),
    "`UsageError`: where the file will be, the job alone knows that gets it": (
        lambda e, names: is_error(e, names, UsageError)
    ),
    "its name, its URL; waits. In the block of a service `UsageError`": (
        lambda e, names: value_of(e, names).endswith("a.txt")
    ),
    "the path of a copy here; waits. In the block of a service `UsageError`": (
        lambda e, names: is_path_or_file(value_of(e, names))
    ),
}


def test_every_row_is_looked_at() -> None:
    assert set(TABLE.values()) == HOLDS.keys()
    assert len(EXPRESSIONS) > 40


@pytest.mark.parametrize(("expression", "meaning"), EXPRESSIONS)
def test_python_does_with_a_reference_what_the_page_says(
    names: dict[str, Any], expression: str, meaning: str
) -> None:
    if np is None and re.search(r"\bnp\b|array", expression):
        pytest.skip("numpy is not installed")
    assert HOLDS[meaning](expression, names)


@pytest.mark.parametrize(
    ("expression", "meaning"), [each for each in EXPRESSIONS if "In the block" in each[1]]
)
def test_in_a_block_what_would_lose_the_reference_is_refused(
    one: JobService, names: dict[str, Any], expression: str, meaning: str
) -> None:
    assert meaning.endswith("`UsageError`")
    with one.service:
        assert is_error(expression, names, UsageError)


def test_what_is_shown_waits_for_nothing(one: JobService, names: dict[str, Any]) -> None:
    for each in ("v", "f", "u", "job"):
        repr(names[each])
    assert not [path for method, path, _ in one.asked if method == "GET"]


HERE = rows("## Use what a job will leave")


def test_what_is_used_here_is_what_the_other_job_gets(names: dict[str, Any]) -> None:
    assert HERE["`job` as an argument, `job.output`"] == "`job.result()`, `job.output.get()`"
    assert names["job"].result() == names["job"].output.get() == 1.25
    assert HERE['`job.output["chisq"]`, `job.output.x`'].startswith("`.get()`, `float(…)`")
    v, f, u = names["v"], names["f"], names["u"]
    assert (v.get(), float(v), f"{v:.2f}") == (1.25, 1.25, "1.25")
    assert "`open(…)`, `.get()`; `str(…)` is its name" in HERE.values()
    assert Path(f.get()).read_bytes() == Path(f).read_bytes() == CONTENT
    with open(f, "rb") as file:  # noqa: PTH123 (as the page has it)
        assert file.read() == CONTENT
    assert str(f) == "a.txt"
    assert str(u).startswith("http://one.example/")


def test_references_may_stand_in_lists_tuples_dicts_and_sets(
    one: JobService, names: dict[str, Any]
) -> None:
    assert "Each may stand in lists, tuples, dicts and sets." in PAGE
    v = names["v"]
    for held in ([v], (v,), {"k": v}, {v}):
        job = one.service.submit("m:f", held)
        job.confirm()
        (needed,) = re.findall(r'"job": "([^"]+)"', json.dumps(one.jobs[-1]["call"]))
        assert needed in str(v._stands_for()[1])


def test_inside_of_another_object_one_is_refused(one: JobService, names: dict[str, Any]) -> None:
    said = "would be pickled, out of the service's sight, so that is refused"
    assert said in " ".join(PAGE.split())

    with pytest.raises(UsageError):
        one.service.submit("m:f", Holder(names["v"]))


class Holder:
    """An object that holds whatever it is given."""

    def __init__(self, held: object) -> None:
        self.held = held


def of_pythons_own() -> list[str]:
    """Return what the page says that Python ends with words of its own."""
    text = PAGE.partition("see a reference, and")[2].partition("\n\n")[0]
    return re.findall("`([^`]*\\(.*?v[^`]*)`", text)


@pytest.mark.parametrize("expression", of_pythons_own())
def test_python_names_the_class_where_no_reference_is_asked(
    expression: str, names: dict[str, Any]
) -> None:
    known = {**names, "Decimal": Decimal, "Fraction": Fraction, "re": re}
    with pytest.raises(TypeError):
        value_of(expression, known)


def test_the_page_names_some_of_these() -> None:
    assert {"Decimal(v)", "json.dumps(v)", '",".join([v])'} <= set(of_pythons_own())
