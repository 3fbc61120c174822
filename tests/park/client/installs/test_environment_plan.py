"""What would become of an environment, as a service that is only asked tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.material.environments import LOCK, environment_of
from support.stand_ins.job_service import JobService
from support.stand_ins.responses import responded

from park.build.cache import user_cache
from park.build.local_set import LocalSet, local_set
from park.client.access.http.exchange import Response
from park.client.installs.environment_plan import EnvironmentPlan, environment_plan
from park.model.pins import Difference

if TYPE_CHECKING:
    from pathlib import Path


class Shown(JobService):
    """A service that has environments and locks to show."""

    def __init__(self, *versions: dict[str, Any]) -> None:
        super().__init__()
        self.answers["/api/v1/versions"] = list(versions)

    def bytes(self, path: str, **_: Any) -> Response:
        assert path == f"/api/v1/locks/{LOCK[:6]}"
        return responded(200, headers={"x-park-lock-hash": LOCK})


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def here() -> LocalSet:
    return local_set("packaging", cache=user_cache())


def test_one_that_matches_is_environment_of(here: LocalSet) -> None:
    service = Shown(environment_of(here, packaging="1.0"), environment_of(here))
    found = environment_plan(service, "packaging", None, None)
    assert (found.lock_hash, found.nearest, found.error) == (LOCK, None, None)
    (asked,) = service.asked
    assert asked[2] == {"project": "packaging", "set_hash": here.requirements.hash}


def test_without_one_the_nearest_is_told_with_its_differences(here: LocalSet) -> None:
    service = Shown(
        environment_of(here, packaging="1.0", more="2"), environment_of(here, packaging="1.1")
    )
    found = environment_plan(service, "packaging", None, None)
    assert (found.lock_hash, found.nearest) == (None, "1.1")
    assert found.differences == (Difference(name="packaging", local=here.version, service="1.1"),)
    assert (found.build, found.send) == ((), ())  # a release comes from the index


def test_where_there_is_none_of_it_that_is_told() -> None:
    found = environment_plan(Shown(), "packaging", None, None)
    assert (found.lock_hash, found.nearest, found.differences) == (None, None, ())


def test_a_lock_is_named_in_full() -> None:
    found = environment_plan(Shown(), "", LOCK[:6], None)
    assert (found.what, found.lock_hash) == (f"lock {LOCK[:6]}", LOCK)


def test_what_cannot_be_told_says_why() -> None:
    service = Shown()
    service.answers["/api/v1/offers"] = []
    found = environment_plan(service, "", None, "mymodel")
    assert (found.what, found.error) == ("mymodel", "the service does not offer mymodel")
    found = environment_plan(service, "no_such_module_at_all", None, None)
    assert found.what == "no_such_module_at_all"
    assert found.error


def lines(**more: Any) -> list[str]:
    plan = EnvironmentPlan(service="https://fans.example.org/x", what="demo 1.0", **more)
    return list(plan.lines())


def test_as_text_it_says_what_would_be_done() -> None:
    assert lines(lock_hash=LOCK) == ["demo 1.0 on fans.example.org: there (lock abababababab)"]
    assert lines(error="it is down") == ["demo 1.0 on fans.example.org: not known: it is down"]
    (first,) = lines(instead="the service has no environment of it yet")
    assert first.endswith("would be installed; the service has no environment of it yet")
    difference = Difference(name="six", local="1", service="2")
    assert lines(
        instead="it differs from the nearest there, 0.9",
        differences=(difference,),
        build=("a==1",),
        send=("b.whl",),
    ) == [
        "demo 1.0 on fans.example.org: would be installed; it differs from the nearest there, 0.9",
        f"  {difference}",
        "  build and send a==1",
        "  send b.whl, unless it is there",
    ]
