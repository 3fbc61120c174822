"""Where a fit runs whose argument is a pickle: where the versions are those of here."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from park.client.fit_submission import FitSubmission
from park.client.submission.binding import Binding
from park.client.submission.reach import Reach
from park.errors import EnvironmentMismatch
from park.model.entry_point import EntryPoint

ENTRY = EntryPoint.parse("park.fitting:fit")
HERE, OTHER = "1" * 64, "2" * 64


def service(*, here: str | Exception = HERE, named: str = HERE) -> Any:
    """Return a service that has the environment of here, and another one by name."""
    asked: list[dict[str, Any]] = []

    def binding_of(_: EntryPoint, reach: Reach | None, **said: Any) -> Future[Binding]:
        asked.append({"reach": reach, **said})
        future: Future[Binding] = Future()
        if reach is None:
            future.set_result(Binding(lock_hash=named, is_named=True))
        elif isinstance(here, Exception):
            future.set_exception(here)
        else:
            future.set_result(Binding(lock_hash=here, set_hash="3" * 64))
        return future

    return SimpleNamespace(binding_of=binding_of, asked=asked)


def test_without_a_name_it_is_what_is_installed_here() -> None:
    one, reach = service(), Reach(modules=frozenset({"refl1d"}))
    how = FitSubmission(with_=["plugin"], install="never")
    assert how.environment_of_pickles(one, ENTRY, reach).result().lock_hash == HERE
    (asked,) = one.asked
    assert (asked["reach"], asked["install"]) == (reach, "never")
    assert asked["options"].taken == ("plugin",)


def test_a_lock_and_an_offer_may_name_just_that() -> None:
    for how in (FitSubmission(lock="1111"), FitSubmission(offer="refl1d")):
        binding = how.environment_of_pickles(service(), ENTRY, Reach()).result()
        assert binding.set_hash == "3" * 64  # the pickles can be read there


@pytest.mark.parametrize(
    "there", [service(named=OTHER), service(here=EnvironmentMismatch("numpy: 2.4 here, 2.3 there"))]
)
def test_another_one_is_refused_at_the_call(there: Any) -> None:
    with pytest.raises(EnvironmentMismatch, match=r"another one was named: .*here") as told:
        FitSubmission(lock="2222").environment_of_pickles(there, ENTRY, Reach())
    assert 'park.Fit("model.py", …)' in str(told.value.hint)
