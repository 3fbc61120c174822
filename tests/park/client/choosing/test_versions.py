"""What a service has, beside what is installed here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from packaging.utils import canonicalize_name
from support.material.environments import pinned_environment, requirements_here

from park.client.choosing.versions import compared, versions_of
from park.model.pins import Difference


def test_equal_pins_under_the_same_python_match() -> None:
    found = compared(
        pinned_environment(demo="1.0", six="1.16"), requirements_here(demo="1.0", six="1.16")
    )
    assert (found.matches_local, found.differences) == (True, ())


def test_names_and_versions_are_compared_in_their_normal_form() -> None:
    record = pinned_environment(**{"demo": "1.0-RC1", "Zope.Interface": "6"})
    assert versions_of(record) == {"demo": "1.0rc1", "zope-interface": "6"}
    assert compared(record, requirements_here(Demo="1.0rc1", zope_interface="6")).matches_local


def test_each_difference_is_told_and_the_python_before_the_packages() -> None:
    record = pinned_environment(python="3.12", demo="1.1", six="1.16", gone="1")
    found = compared(record, requirements_here(demo="1.0", six="1.16", new="2"))
    assert found.matches_local is False
    assert found.differences[0] == Difference(name="python", local="3.11", service="3.12")
    assert set(found.differences[1:]) == {
        Difference(name="demo", local="1.0", service="1.1"),
        Difference(name="gone", local=None, service="1"),
        Difference(name="new", local="2", service=None),
    }


def test_what_is_not_installed_here_is_not_compared() -> None:
    found = compared(pinned_environment(demo="1.0"), None)
    assert (found.matches_local, found.differences) == (None, ())


def test_as_json_it_has_the_record_without_its_pins_and_the_comparison() -> None:
    document: Any = compared(
        pinned_environment(demo="1.1"), requirements_here(demo="1.0")
    ).as_json()
    assert "pins" not in document
    assert (document["project"], document["lock_hash"]) == ("demo", "1" * 64)
    assert document["matches_local"] is False
    assert document["differences"] == [{"name": "demo", "local": "1.0", "service": "1.1"}]


def test_a_release_that_was_asked_for_is_not_said_to_be_here() -> None:
    here = replace(
        requirements_here(demo="1.0", six="0.1"), asked=frozenset({canonicalize_name("six")})
    )
    found = compared(pinned_environment(demo="1.1", six="1.16"), here)
    assert [str(each) for each in found.differences] == [
        "demo: 1.0 here, 1.1 there",
        "six: 0.1 asked for, 1.16 there",
    ]
    assert here.hash == requirements_here(demo="1.0", six="0.1").hash


def test_a_session_that_draws_nothing_shows_it_in_a_line() -> None:
    record = pinned_environment(demo="1.1")
    shown = repr([compared(record, requirements_here(demo="1.0")), compared(record, None)])
    assert "<ServiceVersion demo 1" in shown
    assert f"on Python 3.11, {record.status}, lock 111111111111, 1 not as here>" in shown
    assert shown.endswith("not installed here>]")
