"""Whether a set that a service describes is installed here."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.utils import canonicalize_name
from support.stand_ins.job_service import JobService

from park.build.cache import user_cache
from park.build.gathered.together import gathered_set
from park.build.local_set import project_set
from park.client.installs.set_here import is_installed_here
from park.local.python_minor import python_minor
from park.model.pins import RequirementSet, parse_pin

HERE = python_minor()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))


def asked(pins: dict[str, str], *, python: str = HERE, named: str | None = None) -> bool:
    """Ask of a set with ``pins``, whose service calls it ``named``."""
    known = RequirementSet.of(python, [parse_pin(*pin) for pin in pins.items()])
    one = JobService()
    record: dict[str, Any] = dict.fromkeys(
        ("project", "version", "lock_hash", "created", "installed_by"), "x"
    )
    record |= {"python": python, "set_hash": known.hash, "status": "ready", "last_used": None}
    record |= dict.fromkeys(("packages", "size_bytes", "own_bytes"), 1)
    record["pins"] = [{"name": name, "version": version} for name, version in pins.items()]
    one.answers["/api/v1/versions"] = [record]
    found = is_installed_here(one.service.transport, named or known.hash)
    query = {"set_hash": named or known.hash, "newest": 1}
    assert one.asked == [("GET", "/api/v1/versions", query)]
    return found


def version_of(name: str) -> str:
    return project_set(canonicalize_name(name), cache=user_cache()).version


def test_a_set_is_here_where_each_of_its_pins_is() -> None:
    pins = {name: version_of(name) for name in ("packaging", "pytest")}
    assert asked(pins)
    assert not asked({**pins, "packaging": "1.0"})
    assert not asked({**pins, "no-such-project": "1.0"})
    assert not asked(pins, python="3.4")


def test_a_tree_is_here_where_its_files_are_the_same() -> None:
    own = version_of("park-dist")
    assert "+t" in own
    assert asked({"park-dist": own})
    assert not asked({"park-dist": f"{own[:-16]}{'0' * 16}"})
    assert not asked({"no-such-project": own})


def test_what_needs_the_standard_library_alone_is_here_with_this_python() -> None:
    nothing = gathered_set((), cache=user_cache())
    assert asked({nothing.project.name: nothing.version})


def test_a_service_is_not_believed_what_does_not_come_to_the_hash() -> None:
    assert not asked({"packaging": version_of("packaging")}, named="0" * 64)
