"""The handle of a service: calls and their options, and what is refused at once."""

from __future__ import annotations

from typing import Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.errors import (
    InvalidEntryPoint,
    UsageError,
)


@park.job
def add(*values: Any, more: Any = (), timeout: float = 0) -> Any:
    return sum(values) + sum(more) + timeout


@park.job
def other() -> None: ...


@park.job(retries=3, backoff=2.0, timeout=60, restartable=True)
def careful() -> None: ...


@park.job
def reduce(infile: str, outfile: str, note: str = "") -> str:
    return infile + outfile + note


@park.job
class Reduction:
    def __init__(self, infile: str, outfile: str) -> None:
        self.files = (infile, outfile)


class Curves:
    @classmethod
    @park.job
    def reduced(cls, infile: str, times: int = 1) -> str:
        return f"{cls.__name__}: {infile}" * times


class Sample:
    def __init__(self, part: Any) -> None:
        self.part = part


@pytest.fixture
def one() -> JobService:
    return JobService()


def test_what_is_wrong_with_the_call_is_raised_by_the_call(one: JobService) -> None:
    with pytest.raises(InvalidEntryPoint):
        one.service.submit(3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"^argument 1 cannot be sent: argument 1 → service is "):
        one.service.submit(add, lambda service=one.service: service)
    with pytest.raises(UsageError, match="travels by value"):
        one.service.submit(lambda: 0, lock="1" * 64)
    with pytest.raises(UsageError, match="install='now'"):
        one.service.submit(add, install="now")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="retries=-1"):
        one.service.submit(add, retries=-1)
    with pytest.raises(UsageError, match="cannot read"):
        one.service.submit(add, park.File("/nowhere"))
    with pytest.raises(UsageError, match=r"other\(\): got an unexpected keyword argument 'retry'"):
        other(service=one.service, retry=3)
    with pytest.raises(
        UsageError, match=r"reduce\(\): missing a required argument: 'outfile'"
    ) as told:
        one.service.submit(reduce, "a")
    assert "reduce(infile, outfile, note='')" in str(told.value.hint)
    with pytest.raises(UsageError, match=r"Reduction\(\): missing a required argument: 'outfile'"):
        one.service.submit(Reduction, "a")
    with pytest.raises(UsageError, match="Sample can only be pickled"):
        one.service.submit(add, Sample(1), lock="4483")  # nobody knows whose set that is
    with pytest.raises(UsageError, match="Sample can only be pickled"):
        one.service.submit_all(add, [(Sample(1),)], offer="mymodel")


def test_options_of_the_decorator_the_call_and_the_submission(one: JobService) -> None:
    with one.bind().service:
        careful()
        careful(retries=0, timeout=5)
        add(1, timeout=7)
        one.service.submit(careful, backoff=9.0, memory=1 << 20)
    first, second, third, fourth = one.jobs
    said = {"retries": 3, "backoff_s": 2.0, "timeout_s": 60, "restartable": True}
    assert {name: first[name] for name in said} == said
    assert (second["retries"], second["timeout_s"]) == (0, 5)
    assert third["call"]["kwargs"] == {"timeout": 7}
    assert (fourth["backoff_s"], fourth["memory_bytes"]) == (9.0, 1 << 20)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"retries": -1}, "retries=-1: it is a whole number, not below 0"),
        ({"retries": 1.5}, "retries=1.5: it is a whole number"),
        ({"retries": "2"}, "retries='2': it is a whole number"),
        ({"backoff": float("nan")}, "backoff=nan: it is a number"),
        ({"backoff": "x"}, "backoff='x': it is a number"),
    ],
)
def test_options_that_no_job_can_have_are_refused_by_the_call(
    one: JobService, said: dict[str, Any], message: str
) -> None:
    with one.bind().service, pytest.raises(UsageError, match=message):
        add(1, **said)
    for timeout in (0, -3, float("inf"), "x"):
        with pytest.raises(UsageError, match=f"timeout={timeout!r}: it is a number, above 0"):
            one.service.submit(add, 1, timeout=timeout)  # type: ignore[arg-type]
    assert one.jobs == []


def test_a_class_method_is_a_job_of_its_class(one: JobService) -> None:
    with one.bind().service:
        Curves.reduced("~/run.zip", times=2)
        with pytest.raises(UsageError, match="got an unexpected keyword argument 'time'"):
            Curves.reduced("~/run.zip", time=2)
    one.service.submit(Curves.reduced, "~/run.zip", 2).confirm(10)
    for sent in one.jobs:
        assert sent["entry_point"].endswith(":Curves.reduced")
        infile = {"$park": "service-file", "path": "~/run.zip"}
        assert sent["call"] == {"args": [], "kwargs": {"infile": infile, "times": 2}}
