"""What a model says about itself."""

from __future__ import annotations

import asyncio
import copy
import importlib
import inspect
import json
import pickle
import sys
from abc import ABC
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import park
from park import blocks, calling
from park.errors import UsageError
from park.jobside import job, job_directory, mark_of, progress, should_stop
from park.runtime import outcome


def test_a_job_is_called_like_its_function() -> None:
    @job
    def fit(x: int) -> int:
        """Add one."""
        return x + 1

    assert fit(1) == 2
    assert (fit.__name__, fit.__doc__, fit.__module__) == ("fit", "Add one.", __name__)
    assert str(inspect.signature(fit)) == "(x: 'int') -> 'int'"
    mark = mark_of(fit)
    assert mark is not None
    assert mark.entry_point == f"{__name__}:{fit.__qualname__}"
    assert (mark.restartable, mark.timeout_s) == (False, None)
    assert (mark.options["retries"], mark.files) == (0, ("infile", "outfile"))


@job
def doubled(value: float) -> float:
    return 2 * value


@job
class Line:
    def __init__(self, slope: float) -> None:
        self.slope = slope

    def again(self) -> object:
        return __class__  # type: ignore[name-defined]  # the cell that `super` reads

    @job
    def at(self, x: float, timeout: float = 1.0) -> float:
        return self.slope * x * timeout


class Steep(Line):
    def __init__(self) -> None:
        super().__init__(10.0)


class Recorder:
    """A service that notes what is called there."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def called(self, function: Any, args: Any, kwargs: Any, said: Any) -> str:
        self.calls.append((function, args, kwargs, said))
        return "submitted"


@contextmanager
def block(service: Recorder) -> Iterator[None]:
    blocks.entered(service)
    try:
        yield
    finally:
        blocks.left(service)


class Curves:
    @classmethod
    @job
    def of(cls, number: int) -> tuple[type, int]:
        return cls, number

    @job
    def kind(cls, number: int) -> int:  # noqa: N805 (it looks like a class method)
        return number


def test_a_class_method_is_given_its_class_once() -> None:
    assert Curves.of(3) == (Curves, 3)
    service = Recorder()
    with block(service):
        assert Curves.of(3) == "submitted"
        assert Curves.kind(Curves, 3) == "submitted"
    assert [args for _, args, _, _ in service.calls] == [(3,), (Curves, 3)]
    method = service.calls[0][0]
    assert method == Curves.of
    assert calling.positional_parameters(method) == ("number",)
    assert mark_of(method) is not None


def test_in_the_block_of_a_service_a_call_is_a_submission() -> None:
    service, other = Recorder(), Recorder()
    line: Any = Line  # as who reads it: its call may also be a submission
    with block(service):
        assert doubled(1, when="later", retries=2) == "submitted"
        with block(other):
            assert line(2.0, timeout=3) == "submitted"
        assert doubled(2, service=other) == "submitted"
    assert doubled(3) == 6
    assert service.calls == [(doubled, (1,), {}, {"when": "later", "retries": 2})]
    assert other.calls == [(Line, (2.0,), {}, {"timeout": 3}), (doubled, (2,), {}, {})]


def test_a_keyword_that_the_function_declares_is_its_own() -> None:
    service = Recorder()
    line = Line(2.0)
    with block(service):
        line.at(1.0, timeout=5.0, backoff=3)
    assert service.calls == [(Line.at, (line, 1.0), {"timeout": 5.0}, {"backoff": 3})]
    assert line.at(1.0, timeout=5.0) == 10.0


def test_a_condition_without_a_service_is_refused() -> None:
    with pytest.raises(UsageError, match="no service that could wait for it"):
        doubled(1, when=object())
    assert doubled(1, when=None, retries=3) == 2


def restored(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 (made here)


def test_only_a_new_instance_of_exactly_that_class_is_a_submission() -> None:
    line = Line(2.0)
    assert type(line) is Line
    assert line.again() is Line
    with block(Recorder()):
        assert restored(line).slope == 2.0
        assert copy.deepcopy(line).slope == copy.copy(line).slope == 2.0
        assert isinstance(Steep(), Line)
    assert restored(Line) is Line
    assert restored(doubled) is doubled


def test_a_class_with_slots_or_a_metaclass_can_be_a_job() -> None:
    @job
    class Slotted:
        __slots__ = ("x",)

        def __init__(self) -> None:
            self.x = 1

    @job
    class Abstract(ABC):  # noqa: B024 (its metaclass is the point)
        pass

    classes: list[Any] = [Slotted, Abstract]
    with block(Recorder()):
        assert [made() for made in classes] == ["submitted", "submitted"]
    assert Slotted().x == 1
    assert isinstance(Abstract(), Abstract)


def test_blocks_are_those_of_a_task() -> None:
    async def inner(service: Recorder) -> object:
        with block(service):
            await asyncio.sleep(0)
            return calling.current_service()

    async def both() -> bool:
        first, second = Recorder(), Recorder()
        found = await asyncio.gather(inner(first), inner(second))
        return list(found) == [first, second]

    assert asyncio.run(both())


def test_leaving_a_block_that_was_not_entered_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="not begun in this thread or task"):
        blocks.left(Recorder())


def test_an_async_function_stays_one() -> None:
    @job
    async def later(x: int) -> int:
        await asyncio.sleep(0)
        return x

    assert asyncio.run(later(3)) == 3
    if sys.version_info >= (3, 12):
        assert inspect.iscoroutinefunction(later)


def test_options_are_kept_as_data() -> None:
    @job(restartable=True, timeout=60)
    class Fit:
        pass

    class Special(Fit):
        pass

    options = mark_of(Fit)
    assert options is not None
    assert (options.restartable, options.timeout_s) == (True, 60)
    assert mark_of(Special) is None
    assert mark_of(1) is None


def test_the_decorator_survives_an_import_of_its_module() -> None:
    importlib.import_module("park.jobside")

    @park.job
    def bare() -> None: ...

    @park.job(timeout=1)
    def called() -> None: ...

    assert mark_of(bare) is not None
    assert mark_of(called) is not None


def test_outside_a_job_progress_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PARK_PROGRESS_FILE", raising=False)
    monkeypatch.delenv("PARK_JOB_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)
    progress(1, 2)
    assert job_directory() == tmp_path
    assert list(tmp_path.iterdir()) == []


class Scalar:
    """As numpy's scalars and arrays convert."""

    def tolist(self) -> list[float]:
        return [1.5, float("inf")]


def test_in_a_job_each_report_is_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PARK_PROGRESS_FILE", str(tmp_path / "progress.jsonl"))
    monkeypatch.setenv("PARK_JOB_DIRECTORY", str(tmp_path / "work"))
    progress(1, 10, chisq=float("nan"), name="ü")
    progress(values_of=Scalar(), path=tmp_path, nested={1: (True, None)})
    lines = (tmp_path / "progress.jsonl").read_text().splitlines()
    first, second = (json.loads(line) for line in lines)
    assert (first["done"], first["total"]) == (1, 10)
    assert first["values"] == {"chisq": None, "name": "ü"}
    assert second["done"] is None
    assert second["values"] == {
        "values_of": [1.5, None],
        "path": str(tmp_path),
        "nested": {"1": [True, None]},
    }
    assert job_directory() == tmp_path / "work"


def test_a_traceback_begins_with_the_model_and_not_with_the_mark() -> None:
    @job
    def fail() -> None:
        raise ValueError("no luck")

    def caught(function: Any) -> ValueError:
        try:
            function()
        except ValueError as error:
            trace = error.__traceback__
            return error.with_traceback(trace and trace.tb_next)  # as if the machinery had called
        raise AssertionError

    record = outcome.failed(1, caught(fail), memory_bytes=None)
    _, first, *_ = record["traceback"].splitlines()
    assert first.endswith("in fail")
    assert "park/jobside.py" not in record["traceback"]


def test_a_job_sees_that_it_is_to_stop_and_outside_of_jobs_nothing_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PARK_STOP_FILE", raising=False)
    assert not should_stop()
    monkeypatch.setenv("PARK_STOP_FILE", str(tmp_path / "stop"))
    assert not should_stop()
    (tmp_path / "stop").touch()
    assert should_stop()
    assert park.should_stop is should_stop


def test_the_largest_values_are_left_out_of_a_report_that_nobody_would_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PARK_PROGRESS_FILE", str(tmp_path / "progress.jsonl"))
    progress(1, 2, image=[0.5] * 20_000, chisq=1.5, text="x" * 40_000, more="y" * 30_000)
    (line,) = (tmp_path / "progress.jsonl").read_text().splitlines()
    report = json.loads(line)
    assert (report["done"], len(line) < 65_536) == (1, True)
    values = report["values"]
    assert (values["image"], values["chisq"], values["text"]) == (None, 1.5, None)
    assert values["more"] == "y" * 30_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            {"label": "x"},
            r"@park.job takes no label=: say it where the job is submitted, f\(…, label=…\)",
        ),
        (
            {"tmeout": 3},
            "@park.job takes no tmeout=; it takes account, backoff, cpus, .*, timeout, walltime$",
        ),
    ],
)
def test_a_word_that_the_mark_does_not_take_is_told_with_those_that_it_takes(
    words: dict[str, Any], said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        park.job(**words)
