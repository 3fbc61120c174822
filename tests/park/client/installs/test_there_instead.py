"""What a service has in place of what is installed here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.material.environments import pinned_environment, requirements_here
from support.stand_ins.job_service import JobService

from park.client.choosing.versions import ServiceVersion, compared
from park.client.installs.there_instead import ThereInstead, instead_of, there_instead, version_here
from park.model.pins import RequirementSet
from park.wire import EnvironmentRecord, encode

OLD, NEW, OTHER = "1.0+t0000000000000000", "1.0+t1111111111111111", "1.0+t2222222222222222"


def there(local: RequirementSet, **pins: str) -> ServiceVersion:
    return compared(pinned_environment(**pins), local)


def nearest(versions: list[ServiceVersion], version: str) -> ThereInstead:
    return instead_of(versions, requirements_here(demo=version), "demo", version)


def test_where_there_is_nothing_that_is_said() -> None:
    found = nearest([], NEW)
    assert (found.line, found.nearest) == ("the service has no environment of it yet", None)


def test_the_nearest_comes_first() -> None:
    local = requirements_here(demo="2.0", six="1.17")
    far, near = there(local, demo="1.1", six="1.15"), there(local, demo="1.1", six="1.18")
    also_near = there(local, demo="1.1", six="1.18")
    found = instead_of([far, near, also_near], local, "demo", "2.0")
    assert [each.version for each in found.versions] == [near, also_near, far]
    assert found.nearest is near
    assert found.line == "it differs from the nearest there, 1.1"


def test_an_edit_that_its_author_left_behind_is_nothing_to_fall_back_to() -> None:
    local = requirements_here(demo=NEW, six="1.17")
    reverted, released = there(local, demo=OLD, six="1.17"), there(local, demo="1.0", six="1.16")
    assert nearest([reverted, released], NEW).nearest is released
    found = nearest([reverted], NEW)
    assert (found.nearest, found.differences) == (None, ())
    assert found.line == "the service has another edit of it"


def test_other_dependencies_of_an_edit_are_told() -> None:
    local = requirements_here(demo=NEW, six="1.17")
    edits = [there(local, demo=OLD, six="1.15", new="1"), there(local, demo=OTHER, six="1.16")]
    found = nearest(edits, NEW)
    assert found.line == "the service has another edit of it, with other dependencies"
    assert [str(each.name) for each in found.differences] == ["six"]


def test_the_same_version_is_no_other_version() -> None:
    local = requirements_here(demo=NEW, six="1.17")
    found = nearest([there(local, demo=NEW, six="1.16")], NEW)
    assert found.line == "the service has it with other dependencies"
    assert found.nearest is not None


@pytest.mark.parametrize("version", ["1.1+t0000000000000000", "1.0+g12"])
def test_what_is_no_edit_of_the_same_version_is_a_version(version: str) -> None:
    found = nearest([there(requirements_here(demo=NEW), demo=version)], NEW)
    assert found.line == f"it differs from the nearest there, {version}"


class Versions(JobService):
    """A service with versions, whatever it is asked."""

    def __init__(self, *records: EnvironmentRecord) -> None:
        super().__init__()
        self.answers["/api/v1/versions"] = [encode(each) for each in records]


def test_what_is_here_is_asked_for_by_its_hash_and_compared_all_the_same() -> None:
    local = requirements_here(demo=NEW, six="1.17")
    service: Any = Versions(
        pinned_environment(demo=OLD, six="1.17"), pinned_environment(demo=NEW, six="1.17")
    )
    found = version_here(service, local, "demo")
    assert found is not None
    assert found.record.version == NEW
    assert service.asked == [
        ("GET", "/api/v1/versions", {"project": "demo", "set_hash": local.hash})
    ]
    assert version_here(Versions(pinned_environment(demo=OLD)), local, "demo") is None


def test_of_thousands_of_versions_a_few_are_asked_for_to_find_the_nearest() -> None:
    one, local = JobService(), requirements_here(demo=NEW, six="1.17")
    one.answers["/api/v1/versions"] = [encode(pinned_environment(demo="1.0", six="1.17"))]
    project = SimpleNamespace(name="demo")
    wanted: Any = SimpleNamespace(project=project, requirements=local, version=NEW)
    found = there_instead(one.service.transport, wanted)
    assert found.line == "it differs from the nearest there, 1.0"
    assert one.asked == [
        ("GET", "/api/v1/versions", {"project": "demo", "edits": 1, "newest": 100})
    ]
