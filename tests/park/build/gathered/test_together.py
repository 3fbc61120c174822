"""Sets of several projects together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from park.build.cache import Cache
from park.build.gathered import together
from park.build.gathered.together import gathered_set
from park.build.local_set import local_set
from park.errors import LocalSetError, NoDistribution
from park.local.closure import closure, walked
from park.local.project import LocalProject, ProjectKind


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, LocalProject]]:
    """Have projects installed: film needs numbers; plot needs nothing."""
    requires = {"film": ("numbers-kit",), "numbers-kit": (), "plot": ()}
    projects = {
        name: LocalProject(
            name=canonicalize_name(name),
            version="1.5",
            kind=ProjectKind.RELEASED,
            requires=needed,
        )
        for name, needed in requires.items()
    }
    modules = {"film": "film", "numbers_kit": "numbers-kit", "plot": "plot"}
    monkeypatch.setattr(
        together, "find", lambda module, **_: projects[modules[module.partition(".")[0]]]
    )
    monkeypatch.setattr(together, "look_up", projects.get)
    monkeypatch.setattr("park.local.closure.look_up", projects.get)
    monkeypatch.setattr(together, "closure", lambda root: closure(root, lookup=projects.get))
    monkeypatch.setattr(
        "park.build.local_set.walked",
        lambda root, *, beside: walked(root, beside=beside, lookup=projects.get),
    )
    return iter([projects])


def names(modules: list[str], requirements: tuple[str, ...], cache: Cache) -> list[str]:
    found = gathered_set(modules, requirements, cache=cache)
    return [str(found.project.name), *(pin.name for pin in found.requirements.pins)]


@pytest.mark.usefixtures("installed")
def test_one_project_that_needs_the_others_is_the_set(cache: Cache) -> None:
    assert names(["numbers_kit", "film.part", "json"], (), cache) == [
        "film",
        "film",
        "numbers-kit",
    ]


@pytest.mark.usefixtures("installed")
def test_projects_that_do_not_know_each_other_come_together(cache: Cache) -> None:
    assert names(["plot", "film"], (), cache) == ["film", "film", "numbers-kit", "plot"]


@pytest.mark.usefixtures("installed")
def test_what_is_required_comes_as_it_is_installed(cache: Cache) -> None:
    said = ("plot>=1", "never; python_version < '3'")
    assert names([], said, cache) == ["plot", "plot"]
    with pytest.raises(LocalSetError, match=r"plot>=2 is required, and plot 1\.5 is installed"):
        gathered_set([], ("plot>=2",), cache=cache)
    with pytest.raises(NoDistribution, match="absent is required, and not installed") as told:
        gathered_set([], ("absent",), cache=cache)
    assert "pip install" in str(told.value.hint)


def test_what_a_script_has_from_a_folder_is_installed_from_there(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index may have another project of that name."""
    script = tmp_path.resolve() / "fit.py"
    sources = '# dependencies = ["absent"]\n# [tool.uv.sources]\n# absent = { path = "lib" }\n'
    script.write_text(f"# /// script\n{sources}# ///\n")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    with pytest.raises(NoDistribution, match="absent is required, and not installed") as told:
        gathered_set([], ("absent",), cache=cache)
    assert str(told.value.hint).endswith(f"pip install {script.parent / 'lib'}")


def test_without_any_there_is_an_environment_of_nothing(cache: Cache) -> None:
    found = gathered_set(["json"], cache=cache)
    assert found.project.name == "standard-library"
    (pin,) = found.requirements.pins
    assert pin.version.startswith("0+t")
    assert gathered_set([], cache=cache).requirements.hash == found.requirements.hash


def test_the_set_of_one_module_is_that_of_its_project(cache: Cache) -> None:
    one = gathered_set(["packaging.version"], cache=cache)
    assert one.requirements.hash == local_set("packaging", cache=cache).requirements.hash
