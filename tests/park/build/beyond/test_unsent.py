"""What a set reaches here and does not bring: decisions about names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.utils import NormalizedName, canonicalize_name

from park.build.beyond.installed_facts import Facts
from park.build.beyond.unsent import Unsent, extras, imports, merged, plugins, provider
from park.local.project import LocalProject, ProjectKind


def facts(version: str = "1", modules: str = "", groups: str = "") -> Facts:
    return Facts(
        version=version, modules=frozenset(modules.split()), groups=frozenset(groups.split())
    )


def installed(**found: Facts) -> dict[NormalizedName, Facts]:
    return {canonicalize_name(name): each for name, each in found.items()}


def names(*given: str) -> list[NormalizedName]:
    return [canonicalize_name(name) for name in given]


@pytest.mark.parametrize(
    ("group", "is_read"),
    [
        ("host.models", True),
        ("host_models", True),
        ("host", True),
        ("my-host.models", False),
        ("hosts.models", False),
        ("of.no.name", True),  # the set's own code has it as a text
        ("sklearn.scorers", True),  # a module of the set
        ("console_scripts", False),
        ("pytest11", False),
        ("setuptools.file_finders", False),
        ("other", False),
    ],
)
def test_a_plugin_counts_where_the_set_reads_its_group(group: str, is_read: bool) -> None:  # noqa: FBT001
    here = installed(
        host=facts(), scikit_learn=facts(modules="sklearn"), setuptools=facts(),
        film=facts(groups=group),
    )  # fmt: skip
    words = frozenset({"of.no.name", "console_scripts"})
    found = list(plugins(names("host", "scikit-learn", "setuptools"), here, words))
    assert [each.name for each in found] == (["film"] if is_read else [])


def test_what_draws_in_a_notebook_is_no_plugin_of_a_job() -> None:
    here = installed(matplotlib=facts(), matplotlib_inline=facts(groups="matplotlib.backend"))
    assert not list(plugins(names("matplotlib"), here, frozenset()))


def test_a_plugin_that_is_in_the_set_is_not_told() -> None:
    here = installed(host=facts(), film=facts(groups="host.models"))
    assert not list(plugins(names("host", "film"), here, frozenset()))


def test_imports_are_told_that_no_member_has() -> None:
    here = installed(
        own=facts(modules="own"),
        numpy=facts(modules="numpy"),
        pyyaml=facts("6", modules="yaml _yaml"),
        cloud=facts(modules="google.cloud.storage"),
        auth=facts(modules="google.auth"),
    )
    imported = {"numpy.linalg": "a.py", "yaml.load": "b.py", "google.cloud.storage.x": "c.py",
                "nowhere.at.all": "d.py", "own.sub": "e.py"}  # fmt: skip
    found = list(imports(names("own", "numpy", "auth"), here, imported))
    assert [(each.name, each.version, each.why) for each in found] == [
        ("cloud", "1", "is imported by c.py"),
        ("pyyaml", "6", "is imported by b.py"),
    ]


def test_what_each_service_brings_itself_is_not_told() -> None:
    here = installed(own=facts(modules="own")) | {
        canonicalize_name("park-dist"): facts(modules="park park_repo park_server")
    }
    assert list(imports(names("own"), here, {"park.job": "own.py"})) == []


def test_the_provider_is_who_has_the_outermost_package() -> None:
    by_module = {"google.auth": names("auth"), "a": names("x", "y")}
    assert provider("google.auth.transport", by_module) == ["auth"]
    assert provider("a.b", by_module) == ["x", "y"]
    assert provider("google.other", by_module) == []


def tree(*requires: str, extras: tuple[str, ...], wanted: str = "") -> LocalProject:
    return LocalProject(
        name=canonicalize_name("own"),
        version="1",
        kind=ProjectKind.TREE,
        requires=requires,
        extras=extras,
        wanted_extras=frozenset(wanted.split()),
    )


def of_extras(root: LocalProject, here: dict[NormalizedName, Facts]) -> list[str]:
    return [each.take for each in extras(root, [root], here, {"python_version": "3.12"})]


def test_an_extra_is_told_where_all_of_it_is_here_and_nobody_asked_for_it() -> None:
    here = installed(numba=facts("0.60"), six=facts())
    fast = "numba>=0.5; extra == 'fast'"
    assert of_extras(tree(fast, extras=("fast",)), here) == ["own[fast]"]
    assert of_extras(tree(fast, extras=("fast",), wanted="fast"), here) == []
    more = ("gone; extra == 'fast'", fast)
    assert of_extras(tree(*more, extras=("fast",)), here) == []
    assert of_extras(tree("numba>=1; extra == 'fast'", extras=("fast",)), here) == []
    assert of_extras(tree("six; extra == 'test'", extras=("test",)), here) == []
    assert of_extras(tree("six; extra == 'dev-tools'", extras=("dev-tools",)), here) == []


def test_extras_of_a_release_that_nobody_named_are_not_told() -> None:
    here = installed(numba=facts("0.60"))
    release = replace(tree("numba; extra == 'fast'", extras=("fast",)), kind=ProjectKind.RELEASED)
    assert [each.take for each in extras(release, [release], here, {})] == ["own[fast]"]
    assert list(extras(None, [release], here, {})) == []


def test_one_line_for_each_project_with_all_reasons() -> None:
    def told(why: str, take: str) -> Unsent:
        return Unsent(name="numba", version="1", why=why, take=take)

    (one,) = merged([told("is a", "own[fast]"), told("is b", "numba"), told("is a", "x")])
    assert one.line("own") == (
        "not sent: numba 1 is a, is b, and nothing that own requires brings it "
        "(--with 'own[fast]' would)"
    )
