from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from park.errors import LocalSetError
from park.local.closure import closure, walked
from park.local.project import LocalProject, ProjectKind

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName


def project(
    name: str, version: str, *requires: str, extras: frozenset[str] = frozenset()
) -> LocalProject:
    return LocalProject(
        name=canonicalize_name(name),
        version=version,
        kind=ProjectKind.RELEASED,
        requires=requires,
        wanted_extras=extras,
    )


def names(root: LocalProject, *installed: LocalProject) -> list[str]:
    by_name = {p.name: p for p in installed}
    return [p.name for p in closure(root, lookup=by_name.get)]


def contradictions(root: LocalProject, *installed: LocalProject) -> list[str]:
    with pytest.raises(LocalSetError) as caught:
        names(root, *installed)
    found: list[str] = caught.value.details["contradictions"]
    return found


def test_follows_requirements_and_cycles() -> None:
    a, b, c = project("a", "1", "b"), project("b", "1", "C>=1"), project("c", "1", "a", "b")
    assert names(a, b, c) == ["a", "b", "c"]


def test_evaluates_markers_here() -> None:
    a = project("a", "1", "b; python_version >= '3'", "c; python_version < '3'")
    assert names(a, project("b", "1")) == ["a", "b"]


def test_follows_extras_that_are_asked_for_only() -> None:
    requires = ("b; extra == 'plot'", "c; extra == 'all'", "a[plot]; extra == 'all'")
    b, c = project("b", "1"), project("c", "1")
    assert names(project("a", "1", *requires)) == ["a"]
    assert names(project("a", "1", *requires, extras=frozenset({"plot"})), b) == ["a", "b"]
    assert names(project("a", "1", *requires, extras=frozenset({"All"})), b, c) == ["a", "b", "c"]


def test_adds_up_extras_met_on_several_ways() -> None:
    a = project("a", "1", "b", "c")
    b = project("b", "1", "d[x]")
    c = project("c", "1", "d[y]")
    d = project("d", "1", "e; extra == 'x'", "f; extra == 'y'")
    assert names(a, b, c, d, project("e", "1"), project("f", "1")) == list("abcdef")


def test_lists_every_contradiction() -> None:
    a = project("a", "1", "b==1.0.4", "missing>=2", "b<3", "c")
    c = project("c", "2", "b>1; python_version > '3'", "not a requirement")
    assert contradictions(a, project("b", "1.0.5"), c) == [
        "a 1 requires b==1.0.4, but b 1.0.5 is installed",
        "a 1 requires missing>=2, which is not installed",
        "c 2 requires 'not a requirement', which is not a requirement (PEP 508)",
    ]


def test_the_message_shows_them_and_the_hint_repairs_them() -> None:
    a = project("a", "1", "b==1.0.4")
    with pytest.raises(LocalSetError) as caught:
        names(a, project("b", "1.0.5"))
    assert str(caught.value) == (
        "what is installed here contradicts itself, seen from a 1:\n"
        "  a 1 requires b==1.0.4, but b 1.0.5 is installed"
    )
    assert caught.value.hint == (
        "repair this environment: python -m pip install b==1.0.4; "
        "or take it as it is: --as-installed, as_installed=True"
    )


def test_a_hint_never_replaces_a_tree_that_is_developed_here(tmp_path: Path) -> None:
    a = project("a", "1", "b>=2", "c>=3")
    b = replace(project("b", "1"), kind=ProjectKind.TREE, root=tmp_path)
    with pytest.raises(LocalSetError) as caught:
        names(a, b, project("c", "1"))
    hint = str(caught.value.hint)
    assert 'python -m pip install "c>=3"' in hint
    assert '"b>=2"' not in hint
    assert f"bring b in {tmp_path} to >=2, or change what a requires" in hint


def test_what_stands_beside_is_followed_with_its_extras() -> None:
    a = project("a", "1", "b; extra == 'fast'")
    b, plugin = project("b", "1"), project("plugin", "1", "c")
    installed = {p.name: p for p in (b, project("c", "1"))}
    beside = [plugin, replace(a, wanted_extras=frozenset({"fast"}))]
    found = walked(a, beside=beside, lookup=installed.get)
    assert [p.name for p in found.projects] == ["a", "b", "c", "plugin"]


def test_a_walk_gives_what_is_there_although_it_contradicts_itself() -> None:
    a = project("a", "1", "b>=2", "missing")
    found = walked(a, lookup={b.name: b for b in [project("b", "1")]}.get)
    assert [str(p) for p in found.projects] == ["a 1", "b 1"]
    assert found.contradictions == (
        "a 1 requires b>=2, but b 1 is installed",
        "a 1 requires missing, which is not installed",
    )


def test_a_long_list_is_cut_in_the_message_only() -> None:
    a = project("a", "1", *(f"m{number}" for number in range(30)))
    with pytest.raises(LocalSetError) as caught:
        names(a)
    assert "and 10 more" in str(caught.value)
    assert len(caught.value.details["contradictions"]) == 30


def test_what_is_installed_may_be_a_prerelease_or_have_no_proper_version() -> None:
    a = project("a", "1", "b>=1", "c")
    assert names(a, project("b", "2.0rc1"), project("c", "2004d-custom")) == ["a", "b", "c"]
    assert contradictions(project("a", "1", "c>1"), project("c", "2004d-custom"))


def test_a_url_requirement_is_met_by_what_is_installed() -> None:
    a = project("a", "1", "b @ https://example.org/b-1-py3-none-any.whl")
    assert names(a, project("b", "1")) == ["a", "b"]


def test_looks_each_project_up_once() -> None:
    asked: list[str] = []

    def lookup(name: NormalizedName) -> LocalProject:
        asked.append(name)
        return project(name, "1", "a", "b", "c")

    closure(project("root", "1", "a"), lookup=lookup)
    assert sorted(asked) == ["a", "b", "c"]
