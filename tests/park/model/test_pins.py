import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import UsageError
from park.model.pins import (
    Difference,
    Pin,
    RequirementSet,
    differences,
    is_tree_version,
    parse_pin,
)

names = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)
versions = st.from_regex(r"[0-9]\.[0-9]{1,2}(\+t[0-9a-f]{16})?", fullmatch=True)
sets = st.dictionaries(names, versions, max_size=8)


def pins_of(versions_by_name: dict[str, str]) -> list[Pin]:
    return [parse_pin(name, version) for name, version in versions_by_name.items()]


@given(sets.map(pins_of).flatmap(lambda pins: st.tuples(st.just(pins), st.permutations(pins))))
def test_the_set_hash_does_not_depend_on_the_order(orders: tuple[list[Pin], list[Pin]]) -> None:
    one, other = (RequirementSet.of("3.11", pins).hash for pins in orders)
    assert one == other


@given(sets, sets)
def test_the_set_hash_is_equal_exactly_where_nothing_differs(
    left: dict[str, str], right: dict[str, str]
) -> None:
    one, two = (RequirementSet.of("3.11", pins_of(each)) for each in (left, right))
    assert (one.hash == two.hash) is (not differences(one.versions(), two.versions()))


def test_the_set_hash_is_fixed_for_good() -> None:
    # environments are found by it: a change of the form needs a new format number
    pins = pins_of({"refl1d": "1.0.1", "bumps": "1.0.4"})
    assert RequirementSet.of("3.11", pins).hash == (
        "523496ce72122c1c2ef3e4900d1ddd3ee215990daa2dd4b73d983fa013b6b16e"
    )
    assert RequirementSet.of("3.12", pins).hash != RequirementSet.of("3.11", pins).hash


def test_one_name_with_two_versions_is_refused() -> None:
    with pytest.raises(UsageError, match=r"two versions of bumps in one set"):
        RequirementSet.of("3.11", [parse_pin("bumps", "1.0.4"), parse_pin("Bumps", "1.0.5")])


def test_differences_are_told_package_by_package() -> None:
    found = differences(
        RequirementSet.of("3.11", pins_of({"bumps": "1.0.4", "numpy": "2.0"})).versions(),
        RequirementSet.of("3.11", pins_of({"bumps": "1.0.5", "scipy": "1.17"})).versions(),
    )
    assert [str(each) for each in found] == [
        "bumps: 1.0.4 here, 1.0.5 there",
        "numpy: 2.0 here, absent there",
        "scipy: absent here, 1.17 there",
    ]
    assert found[0] == Difference(name="bumps", local="1.0.4", service="1.0.5")


@pytest.mark.parametrize(
    ("version", "is_tree"),
    [
        ("1.0+t0123456789abcdef", True),
        ("1.0+g12.t0123456789abcdef", True),
        ("1.0+t0123", False),
        ("1.0+t0123456789abcdeg", False),
        ("1.0", False),
        ("1.0+g0123456789abcdef", False),
    ],
)
def test_tree_versions_are_told_by_their_last_segment(version: str, *, is_tree: bool) -> None:
    assert is_tree_version(version) is is_tree
