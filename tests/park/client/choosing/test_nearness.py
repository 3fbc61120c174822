"""`park.client.choosing.nearness`: the order of versions, and the reason of each step."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.material.environments import pinned_environment, requirements_here

from park.client.choosing.nearness import Ranked, distance, is_edit, ranked
from park.client.choosing.versions import ServiceVersion, compared
from park.model.pins import RequirementSet

TREE, EDIT = "1.0+t0000000000000000", "1.0+t1111111111111111"
HERE = requirements_here(demo="1.2.3", numpy="2.1.0", six="1.17")
LIKE_HERE = {"demo": "1.2.3", "numpy": "2.1.0", "six": "1.17"}


def there(
    python: str = "3.11", used: list[str] | None = None, here: RequirementSet = HERE, **pins: str
) -> ServiceVersion:
    record = pinned_environment(python, **{**LIKE_HERE, **pins})
    return compared(replace(record, used=used), here)


def order(*versions: ServiceVersion, version: str = "1.2.3") -> list[Ranked]:
    return ranked(versions, HERE, "demo", version)


@pytest.mark.parametrize(
    ("near", "far", "reason"),
    [
        (there(demo="9.0"), there("3.12"), "it has Python 3.12"),
        (there(demo="1.2.4"), there(demo="1.3.0"), "1.3.0 is farther from here than 1.2.4"),
        (
            there(used=["demo", "numpy"], six="1.0"),
            there(used=["demo", "numpy"], numpy="2.1.1"),
            "what its jobs import differs more: numpy 2.1.1",
        ),
        (there(six="1.16"), there(numpy="1.0"), "its other packages differ more: numpy 1.0"),
        (there(six="1.16"), there(six="1.16", numpy="2.1.1"), None),
    ],
)
def test_the_first_step_that_differs_decides_and_is_the_reason(
    near: ServiceVersion, far: ServiceVersion, reason: str | None
) -> None:
    for versions in permutations([near, far]):
        first, second = order(*versions)
        assert (first.version, second.version) == (near, far)
        assert first.reason == ""
        assert second.reason == reason or reason is None
        assert second.reason


def test_an_edit_that_was_left_behind_is_behind_any_release() -> None:
    here = requirements_here(demo=TREE)
    edit = compared(pinned_environment(demo=EDIT), here)
    release = compared(pinned_environment(demo="7.0"), here)
    found = ranked([edit, release], here, "demo", TREE)
    assert [each.version for each in found] == [release, edit]
    assert found[1].reason == "it is an edit that its author has left behind"


def test_among_equals_the_newest_comes_first() -> None:
    newer, older = there(six="1.16"), there(six="1.18")
    found = order(newer, older)
    assert found[0].version is newer
    assert found[1].reason == "it is as near, and was installed before"


def test_compatible_is_what_jobs_do_not_tell_from_here() -> None:
    cases = [
        (there(used=["demo", "six"], numpy="1.0"), True),
        (there(used=["demo", "numpy"], numpy="1.0"), False),
        (there("3.12", used=["demo"]), False),
        (there(used=["six"], demo="1.2.4"), False),
        (there(numpy="1.0"), None),
    ]
    for version, expected in cases:
        assert order(version)[0].is_compatible is expected


@pytest.mark.parametrize(
    ("near", "far"),
    [
        ("1.2.3+local", "1.2.3rc1"),
        ("1.2.3rc1", "1.2.3.1"),
        ("1.2.3.4", "1.2.4"),
        ("1.2.5", "1.2.6"),
        ("1.2.99", "1.3.3"),
        ("1.9.3", "2.2.3"),
        ("0.9", "0.8.7"),
        ("2.0", "2.5"),
        ("9.2.3", "1!1.2.3"),
        ("1!1.2.3", "today"),
        ("today", None),
    ],
)
def test_a_release_is_nearer_the_fewer_of_its_numbers_change(near: str, far: str | None) -> None:
    assert distance("1.2.3", near) < distance("1.2.3", far)


VERSIONS = st.from_regex(r"([0-2]!)?[0-3](\.[0-3]){0,3}(rc1)?(\+[a-c])?", fullmatch=True)


@given(VERSIONS, VERSIONS)
def test_distance_is_the_same_both_ways_and_none_to_itself(a: str, b: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert distance(a, a) == (0, 0)
    assert distance(a, b) >= (0, 0)


@given(st.lists(st.tuples(VERSIONS, VERSIONS), min_size=1, max_size=6))
def test_the_order_is_total_and_does_not_depend_on_how_it_is_told(
    pins: list[tuple[str, str]],
) -> None:
    versions = [there(demo=demo, numpy=numpy) for demo, numpy in pins]
    found, turned = order(*versions), order(*versions[1:], versions[0])
    assert [bool(each.reason) for each in found] == [False, *[True] * (len(versions) - 1)]

    def far(each: Ranked) -> list[tuple[int, ...]]:
        pins = {pin.name: pin.version for pin in each.version.record.pins}
        return [distance(pins[name], LIKE_HERE[name]) for name in ("demo", "numpy")]

    assert [*map(far, found)] == [*map(far, turned)] == sorted(map(far, found))


def test_an_edit_is_of_the_same_version() -> None:
    tree = TREE.partition("+")[2]
    assert is_edit(EDIT, TREE)
    assert is_edit(f"1.0.dev3+g12.{tree}", TREE)  # as version control counts
    assert is_edit(f"1.0.post1.dev3+{tree}", TREE)
    assert not is_edit(f"1!1.0+{tree}", TREE)
    assert not is_edit(TREE, TREE)
    assert not is_edit("1.0", TREE)
    assert not is_edit("1.1" + TREE[3:], TREE)


def test_its_json_form_has_its_place() -> None:
    _, far = order(there(), there(used=["demo"], six="1.0"))
    assert far.as_json() == {
        "project": "demo",
        "version": "1.2.3",
        "python": "3.11",
        "lock_hash": "1" * 64,
        "compatible": True,
        "farther": "its other packages differ more: six 1.0",
        "differences": [{"name": "six", "local": "1.17", "service": "1.0"}],
    }
