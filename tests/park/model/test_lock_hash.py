from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from park.model.lock_hash import SelectedWheel, Target, lock_hash

TARGET = Target(python="3.11", abi="cp311", platform="linux-x86_64")

wheels = st.lists(
    st.builds(
        SelectedWheel,
        name=st.sampled_from(["bumps", "numpy", "refl1d"]).map(canonicalize_name),
        version=st.sampled_from(["1.0", "1.1"]),
        sha256=st.sampled_from(["ab" * 32, "cd" * 32]),
    ),
    unique_by=lambda wheel: wheel.name,
)


def test_the_lock_hash_is_fixed_for_good() -> None:
    # it names environments, jobs and results: a change of the form needs a new format number
    selected = [
        SelectedWheel(name=canonicalize_name("bumps"), version="1.0.4", sha256="ab" * 32),
        SelectedWheel(name=canonicalize_name("refl1d"), version="1.0.1", sha256="cd" * 32),
    ]
    assert lock_hash(TARGET, selected) == (
        "e9e814b2885739c07837f3cc25bccf0bf0b0c83f8962dc43dfc644fab909a526"
    )


@given(wheels.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_lock_hash_does_not_depend_on_the_order(
    orders: tuple[list[SelectedWheel], list[SelectedWheel]],
) -> None:
    one, other = orders
    assert lock_hash(TARGET, one) == lock_hash(TARGET, other)


@given(wheels, wheels)
def test_equal_lock_hashes_mean_equal_selections(
    one: list[SelectedWheel], other: list[SelectedWheel]
) -> None:
    assert (lock_hash(TARGET, one) == lock_hash(TARGET, other)) is (sorted(one) == sorted(other))


@given(wheels)
def test_each_part_of_the_target_is_part_of_the_lock_hash(found: list[SelectedWheel]) -> None:
    others = [
        replace(TARGET, python="3.12"),
        replace(TARGET, abi="cp311d"),
        replace(TARGET, platform="linux-aarch64"),
    ]
    assert len({lock_hash(target, found) for target in [TARGET, *others]}) == 4
