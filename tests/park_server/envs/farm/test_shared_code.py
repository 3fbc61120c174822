"""Compiled code is shared where all that may be in it is the same, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import NormalizedName

from park_repo.wheelstore.entry import StoreEntry, StoreKey
from park_server.envs.farm.shared_code import CODE, Installed, code_document, shared_code, told_of

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = "3.11.7"


def package(name: str, version: str = "1.0", *requires: str) -> Installed:
    return Installed(
        name=NormalizedName(name),
        version=version,
        sha256=f"{name}-{version}",
        requires=frozenset(map(NormalizedName, requires)),
        modules=frozenset({name}),
    )


def tree(name: str, edit: int, *requires: str) -> Installed:
    return package(name, f"1.0+t{edit:016x}", *requires)


RELEASES = [package("numba"), package("refl1d", "1.0", "numba", "bumps"), package("bumps")]


def test_an_edit_of_a_tree_leaves_what_releases_compiled() -> None:
    one, two = (shared_code(PYTHON, [*RELEASES, tree("mymodel", n, "refl1d")]) for n in (1, 2))
    assert one == two
    assert one[1:] == ["mymodel"]


def test_another_release_or_python_or_wheel_changes_all() -> None:
    first = shared_code(PYTHON, RELEASES)[0]
    others = [
        shared_code("3.11.8", RELEASES),
        shared_code(PYTHON, [*RELEASES, package("numpy")]),
        shared_code(PYTHON, [*RELEASES[:2], package("bumps", "1.1")]),
        shared_code(PYTHON, RELEASES[:2]),
    ]
    assert len({first, *(each[0] for each in others)}) == 5


def test_an_edit_of_a_tree_that_a_release_requires_changes_all() -> None:
    """One works on bumps itself, and refl1d's functions have its code in them."""
    through = [package("numba"), package("refl1d", "1.0", "kernels"), tree("kernels", 1, "bumps")]
    one, two = (shared_code(PYTHON, [*through, tree("bumps", edit)]) for edit in (1, 2))
    assert one[0] != two[0]
    assert one[1:] == two[1:] == ["bumps", "kernels"]


@given(
    st.lists(st.booleans(), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12),
    st.integers(0, 5),
)
def test_what_is_equal_shares_nothing_that_reaches_what_differs(
    are_trees: list[bool], arrows: list[tuple[int, int]], edited: int
) -> None:
    """Whatever requires what: with equal digests, no release has a way to what was edited."""
    count = len(are_trees)
    edited %= count
    needs: dict[int, set[int]] = {n: set() for n in range(count)}
    for start, end in arrows:
        if start < count and end < count:
            needs[start].add(end)

    def made(edit: int) -> list[Installed]:
        versions = {n: 1 + edit * (n == edited) for n in range(count)}
        return [
            (tree if is_tree else lambda name, v, *r: package(name, str(v), *r))(
                f"p{n}", versions[n], *(f"p{m}" for m in needs[n])
            )
            for n, is_tree in enumerate(are_trees)
        ]

    is_shared = shared_code(PYTHON, made(0)) == shared_code(PYTHON, made(1))
    reached = {n for n in range(count) if not are_trees[n]}
    while further := {m for n in reached for m in needs[n]} - reached:
        reached |= further
    assert is_shared == (edited not in reached)


def entry(folder: Path, name: str, version: str, metadata: str) -> StoreEntry:
    info = folder / name / "site" / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(metadata)
    (info.parent / name).mkdir()
    return StoreEntry(
        key=StoreKey(name),
        path=folder / name,
        filename=f"{name}-{version}-py3-none-any.whl",
        name=NormalizedName(name),
        version=version,
        sha256=name,
        size_bytes=0,
        files=1,
        bytecode=True,
        schemes=("site",),
        scripts=(),
        shebang_scripts=(),
    )


def test_it_is_read_off_wheels(tmp_path: Path) -> None:
    release = entry(
        tmp_path,
        "refl1d",
        "1.0",
        "Name: refl1d\nRequires-Dist: My.Model[fast]>=1; extra == 'x'\n\nRequires-Dist: other\n",
    )
    required = entry(tmp_path, "my_model", f"1.0+t{1:016x}", "Name: my_model\n\n")
    required = replace(required, name=NormalizedName("my-model"))
    other = entry(tmp_path, "other", f"1.0+t{1:016x}", "Name: other\n\n")
    told = json.loads(code_document(PYTHON, [release, required, other]))
    assert told[1:] == ["my_model", "other"]
    assert told[0] == json.loads(code_document(PYTHON, [release, required]))[0]
    assert told[0] != json.loads(code_document(PYTHON, [release]))[0]


def test_an_environment_of_before_tells_nothing(tmp_path: Path) -> None:
    assert told_of(tmp_path) is None
    (tmp_path / CODE).write_text('["digest"]')
    assert told_of(tmp_path) == '["digest"]'
