"""What a service is to resolve by itself."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from park.build.beyond.required import as_requirement, required_projects
from park.build.cache import Cache
from park.build.local_set import local_set
from park.errors import LocalSetError, NotImportable
from park.local.project import ProjectKind
from park.local.set_options import set_options

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


def test_a_requirement_says_which_release_is_meant() -> None:
    assert as_requirement("refl1d == 1.0.1") == "refl1d==1.0.1"
    assert as_requirement("a[b]>=1") == "a[b]>=1"
    assert as_requirement("mymodel") is None
    assert as_requirement("mymodel[fast]") is None
    assert as_requirement("./tree") is None


def test_a_release_that_is_here_brings_what_it_requires_here_and_another_does_not(
    cache: Cache,
) -> None:
    here = f"httpx2=={version('httpx2')}"
    same, other = required_projects([here, "httpx2-other==9"], cache=cache)
    assert (same.is_followed, bool(same.requires)) == (True, True)
    assert (other.is_followed, other.kind, str(other.pin)) == (
        False,
        ProjectKind.RELEASED,
        "httpx2-other==9",
    )


def test_what_is_open_becomes_one_wheel_named_by_its_content(cache: Cache) -> None:
    (one,) = required_projects(["b>=1", "A[x]"], cache=cache)
    assert (one.kind, one.requires, one.is_followed) == (
        ProjectKind.SCRIPT,
        ("A[x]", "b>=1"),
        False,
    )
    assert required_projects(["A[x]", "b>=1"], cache=cache) == (one,)
    (other,) = required_projects(["b>=2", "A[x]"], cache=cache)
    assert other.name != one.name
    (marked,) = required_projects(['b>=1; python_version > "3"'], cache=cache)
    assert marked.requires == ('b>=1; python_version > "3"',)


def test_the_set_of_a_module_that_is_not_here(cache: Cache) -> None:
    options = set_options(requires=["park-t-there==2"])
    found = local_set("park_t_there.sub", cache=cache, options=options)
    assert [str(pin) for pin in found.requirements.pins] == ["park-t-there==2"]
    assert (found.module, found.sources) == ("park_t_there.sub", ())
    by_target = local_set("park-t-there==2", cache=cache)
    assert by_target.requirements == found.requirements
    with pytest.raises(NotImportable):
        local_set("park_t_there.sub", cache=cache)


def test_a_release_takes_the_place_of_the_one_here(cache: Cache) -> None:
    options = set_options(requires=["anyio==4.10.0"])
    plain = local_set("httpx2", cache=cache).requirements.versions()
    found = local_set("httpx2", cache=cache, options=options).requirements.versions()
    assert {name for name in found if found[name] != plain[name]} == {"anyio"}


def test_a_release_that_does_not_fit_what_is_here_is_refused_in_other_words(cache: Cache) -> None:
    with pytest.raises(LocalSetError) as caught:
        local_set("httpx2", cache=cache, options=set_options(requires=["idna==3.0"]))
    assert "but idna 3.0 was asked for" in caught.value.message
    assert "ask for a release that fits: idna>=" in str(caught.value.hint)
    assert "pip install" not in str(caught.value.hint)
