"""New jobs: which arguments they take, and what they carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, singledispatchmethod, wraps
from typing import Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.client.jobs.arguments import EncodedCall
from park.client.jobs.new_job import check_arguments, new_job
from park.client.submission.item import State
from park.client.submission.this_account import this_account
from park.errors import UsageError


def fit(model: str, steps: int = 10, *, seed: int | None = None) -> str:
    return f"{model}{steps}{seed}"


def given_an_instrument(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def given(*args: Any, **kwargs: Any) -> Any:
        return function("refl", *args, **kwargs)

    return given


@given_an_instrument
def with_instrument(instrument: str, infile: str) -> str:
    return f"{instrument} {infile}"


@park.job
def marked(model: str = "m") -> str:
    return model


@dataclass
class Scaled:
    """Is called, and has no hash."""

    by: int

    def __call__(self, x: int) -> int:
        return self.by * x

    def times(self, x: int) -> int:
        return self.by * x

    @singledispatchmethod
    def any_kind(self, x: object) -> object:
        return x


class Reduction:
    def __init__(self, infile: str) -> None:
        self.infile = infile

    @classmethod
    def run(cls, infile: str) -> str:
        return cls(infile).infile


@pytest.fixture
def one() -> JobService:
    return JobService("http://one.example").bind()


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (fit, ("m", 3), {"seed": 1}),
        (Reduction, (), {"infile": "a"}),
        (Reduction.run, ("a",), {}),
        (Scaled(2), (1,), {}),
        (Scaled(2).times, (1,), {}),
        (with_instrument, ("a.txt",), {}),  # its signature names the instrument first
        (Scaled(2).any_kind, (1,), {}),  # and this one's names self
        ("mymodel:fit", (1, 2, 3), {"any": "thing"}),  # of a name nothing is known
        (dict, (), {"any": "thing"}),  # nor of what is not written in Python
    ],
)
def test_arguments_that_fit_are_taken(function: Any, args: Any, kwargs: Any) -> None:
    check_arguments(function, args, kwargs)


@pytest.mark.parametrize(
    ("function", "kwargs", "said"),
    [
        (fit, {"model": "m", "step": 3}, r"fit\(\): got an unexpected keyword argument 'step'"),
        (fit, {}, r"fit\(\): missing a required argument: 'model'"),
        (marked, {"step": 3}, r"marked\(\): got an unexpected keyword argument 'step'"),
        (
            lru_cache(fit),
            {"model": "m", "step": 3},
            r"fit\(\): got an unexpected keyword argument 'step'",
        ),
        (Reduction, {}, r"Reduction\(\): missing a required argument: 'infile'"),
    ],
)
def test_arguments_that_do_not_fit_are_told_with_what_would(
    function: Any, kwargs: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as told:
        check_arguments(function, (), kwargs)
    name = function.__name__
    assert f"it is {name}(" in str(told.value.hint)
    assert "self" not in str(told.value.hint).partition(";")[0]
    assert ": str" not in str(told.value.hint)


DOCUMENT = {"entry_point": "m:f", "call": {"args": [], "kwargs": {}}}


def made(service: JobService, *needs: Any, when: Any = None) -> Any:
    call = EncodedCall(document={}, jobs=needs, pickled=True)
    return new_job(service.service, DOCUMENT, call=call, when=when)


def test_a_new_job_has_an_id_of_its_own_and_is_not_sent(one: JobService) -> None:
    job, other = made(one), made(one)
    assert job.id != other.id
    assert job.item.document == {"id": job.id, "submitted_from": this_account(), **DOCUMENT}
    assert (job.entry_point, job.item.pickled) == ("m:f", True)
    assert job.item.state is State.PENDING
    assert one.asked == []


def test_it_needs_the_jobs_of_its_arguments_and_of_its_condition(one: JobService) -> None:
    argument, condition = made(one), made(one)
    job = made(one, argument, when=condition.iscompleted)
    assert job.item.needs == (argument.item, condition.item)
    assert job.item.document["when"]["condition"] == {"job": condition.id, "is": "completed"}


def test_a_job_as_a_condition_is_its_completion(one: JobService) -> None:
    first = made(one)
    assert made(one, when=first).item.document["when"] == first.iscompleted.as_json(one.service.url)


def test_what_is_needed_elsewhere_is_opened_there(one: JobService) -> None:
    far = made(JobService("http://far.example").bind())
    job = made(one, when=park.all_of(far.iscompleted, made(one).iscompleted))
    assert job.item.settled_needs == (far.item,)
    (opening,) = job.item.openings
    assert (opening.outbox.url, opening.jobs) == ("http://far.example", (far.id,))
