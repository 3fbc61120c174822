"""What a service has, beside what is installed here."""

from __future__ import annotations

from typing import Any

from park.client.installs.versions import compared, versions_of
from park.model.pins import Difference, RequirementSet, parse_pin
from park.model.states import EnvironmentState
from park.wire import EnvironmentRecord, PinRecord


def there(python: str = "3.11", **pins: str) -> EnvironmentRecord:
    return EnvironmentRecord(
        project="demo",
        version=pins.get("demo", "1.0"),
        python=python,
        lock_hash="1" * 64,
        set_hash="2" * 64,
        status=EnvironmentState.READY,
        packages=len(pins),
        size_bytes=1,
        own_bytes=1,
        created="2026-11-23T08:00:00Z",
        last_used=None,
        installed_by="ada",
        pins=[PinRecord(name=name, version=version) for name, version in pins.items()],
    )


def here(**pins: str) -> RequirementSet:
    return RequirementSet.of("3.11", [parse_pin(*pin) for pin in pins.items()])


def test_equal_pins_under_the_same_python_match() -> None:
    found = compared(there(demo="1.0", six="1.16"), here(demo="1.0", six="1.16"))
    assert (found.matches_local, found.differences) == (True, ())


def test_names_and_versions_are_compared_in_their_normal_form() -> None:
    record = there(**{"demo": "1.0-RC1", "Zope.Interface": "6"})
    assert versions_of(record) == {"demo": "1.0rc1", "zope-interface": "6"}
    assert compared(record, here(Demo="1.0rc1", zope_interface="6")).matches_local


def test_each_difference_is_told_and_the_python_before_the_packages() -> None:
    record = there(python="3.12", demo="1.1", six="1.16", gone="1")
    found = compared(record, here(demo="1.0", six="1.16", new="2"))
    assert found.matches_local is False
    assert found.differences[0] == Difference(name="python", local="3.11", service="3.12")
    assert set(found.differences[1:]) == {
        Difference(name="demo", local="1.0", service="1.1"),
        Difference(name="gone", local=None, service="1"),
        Difference(name="new", local="2", service=None),
    }


def test_what_is_not_installed_here_is_not_compared() -> None:
    found = compared(there(demo="1.0"), None)
    assert (found.matches_local, found.differences) == (None, ())


def test_as_json_it_has_the_record_without_its_pins_and_the_comparison() -> None:
    document: Any = compared(there(demo="1.1"), here(demo="1.0")).as_json()
    assert "pins" not in document
    assert (document["project"], document["lock_hash"]) == ("demo", "1" * 64)
    assert document["matches_local"] is False
    assert document["differences"] == [{"name": "demo", "local": "1.0", "service": "1.1"}]
