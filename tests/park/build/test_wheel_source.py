"""Wheels of what is no tree: installed copies, wheels by path, scripts."""

from __future__ import annotations

import importlib.metadata
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree
from support.material.wheels import make_wheel, wheel_of

from park.build.cache import Cache
from park.build.local_set import local_set
from park.build.source_kinds import local_source
from park.errors import LocalSetError
from park.local.find import find
from park.model.pins import is_tree_version

if TYPE_CHECKING:
    from park.build.wheel_source import BuiltWheel

METADATA = "Metadata-Version: 2.1\nName: Park.T-Film\nVersion: 1.2+g12\nRequires-Dist: packaging\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n"
INSTALLED = {
    "lib/site/park_t_film/__init__.py": "SLD = 2.0\n",
    "lib/site/park_t_film/data/film.txt": "250\n",
    "lib/site/park_t_film/__pycache__/__init__.cpython-311.pyc": "?",
    "lib/site/park_t_film-1.2+g12.dist-info/METADATA": METADATA,
    "lib/site/park_t_film-1.2+g12.dist-info/WHEEL": WHEEL,
    "lib/site/park_t_film-1.2+g12.dist-info/INSTALLER": "pip\n",
    "lib/site/park_t_film-1.2+g12.dist-info/direct_url.json": (
        '{"url": "https://example.org/film", "vcs_info": {"vcs": "git", "commit_id": "3f"}}'
    ),
    "lib/site/park_t_film-1.2+g12.dist-info/entry_points.txt": (
        "[console_scripts]\nfilm = park_t_film:main\n"
    ),
    "bin/film": "#!/somewhere/python3.11\n",
    "bin/film.sh": "#!/bin/sh\n",
    "bin/film-tool": "#!/somewhere/bin/python3.11\nprint()\n",
    "share/film/units.txt": "nm\n",
}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(root=tmp_path / "cache")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a copy, with all kinds of files, below a prefix of its own."""
    prefix = write_tree(tmp_path / "prefix", INSTALLED)
    (prefix / "bin/film-tool").chmod(0o755)
    site = prefix / "lib/site"
    record = [str(Path("../..") / p) if "site" not in p else p[9:] for p in INSTALLED]
    record.append("park_t_film-1.2+g12.dist-info/RECORD")
    file = site / "park_t_film-1.2+g12.dist-info/RECORD"
    file.write_text("".join(f"{path},,\n" for path in record))
    places = {"data": str(prefix), "scripts": str(prefix / "bin")}
    monkeypatch.setattr("sysconfig.get_path", places.__getitem__)
    monkeypatch.syspath_prepend(site)
    return site


def members(wheel: BuiltWheel) -> dict[str, zipfile.ZipInfo]:
    with zipfile.ZipFile(wheel.path) as archive:
        return {info.filename: info for info in archive.infolist()}


def content(wheel: BuiltWheel, name: str) -> str:
    with zipfile.ZipFile(wheel.path) as archive:
        return archive.read(name).decode()


@pytest.mark.usefixtures("site")
def test_an_installed_copy_is_packed_as_it_is(cache: Cache) -> None:
    wheel = wheel_of(find("park_t_film"), cache=cache)
    version = wheel.filename.split("-")[1]
    assert version.startswith("1.2+g12.t")
    assert wheel.filename == f"park_t_film-{version}-py2.py3-none-any.whl"
    info, data = f"park_t_film-{version}.dist-info", f"park_t_film-{version}.data"
    assert set(members(wheel)) == {
        "park_t_film/__init__.py",
        "park_t_film/data/film.txt",
        f"{data}/data/share/film/units.txt",
        f"{data}/scripts/film.sh",
        f"{data}/scripts/film-tool",
        f"{info}/METADATA",
        f"{info}/WHEEL",
        f"{info}/RECORD",
        f"{info}/entry_points.txt",
    }
    assert f"\nVersion: {version}\n" in content(wheel, f"{info}/METADATA")
    assert content(wheel, f"{data}/scripts/film-tool") == "#!python\nprint()\n"
    assert members(wheel)[f"{data}/scripts/film-tool"].external_attr >> 16 & 0o111


def test_an_edit_of_the_installed_files_is_a_new_version(site: Path, cache: Cache) -> None:
    first = local_source(find("park_t_film"), cache=cache).version
    (site / "park_t_film/__init__.py").write_text("SLD = 3.0\n")
    edited = wheel_of(find("park_t_film"), cache=cache)
    assert first not in edited.filename
    assert content(edited, "park_t_film/__init__.py") == "SLD = 3.0\n"
    (site / "park_t_film/__init__.py").write_text("SLD = 2.0\n")
    assert local_source(find("park_t_film"), cache=cache).version == first


def test_a_file_that_changes_before_it_is_packed(site: Path, cache: Cache) -> None:
    source = local_source(find("park_t_film"), cache=cache)
    (site / "park_t_film/__init__.py").write_text("SLD = 3.0\n")
    with pytest.raises(LocalSetError, match="changed while its project was being built"):
        source.wheel()


def test_a_recorded_file_that_is_gone(site: Path, cache: Cache) -> None:
    (site / "park_t_film/data/film.txt").unlink()
    with pytest.raises(LocalSetError, match=r"lists .*park_t_film/data/film.txt, which is not"):
        local_source(find("park_t_film"), cache=cache)


def test_a_copy_without_a_record(site: Path, cache: Cache) -> None:
    project = find("park_t_film")
    (site / "park_t_film-1.2+g12.dist-info/RECORD").unlink()
    with pytest.raises(LocalSetError, match=r"git\+https://example.org/film@3f.* no RECORD") as it:
        local_source(project, cache=cache)
    assert "install park-t-film again" in str(it.value.hint)


def test_a_wheel_by_path_gets_a_version_of_its_own(tmp_path: Path, cache: Cache) -> None:
    given = make_wheel(tmp_path, "demo", "1.0", requires=["packaging"])
    found = local_set(str(given), cache=cache)
    (source,) = found.sources
    wheel = source.wheel()
    assert is_tree_version(found.version)
    assert wheel.filename == f"demo-{found.version}-py3-none-any.whl"
    assert sorted(found.requirements.versions()) == ["demo", "packaging"]
    make_wheel(tmp_path, "demo", "1.0", files={"demo.py": b"2\n"})
    assert local_set(str(given), cache=cache).version != found.version


def test_a_wheel_that_bears_a_hash_already_does_not_get_two(tmp_path: Path, cache: Cache) -> None:
    given = make_wheel(tmp_path, "demo", "1.0")
    first = local_set(str(given), cache=cache).sources[0].wheel()
    again = local_set(str(first.path), cache=cache).sources[0]
    assert again.version.count("t") == 1
    assert again.wheel().filename.startswith("demo-1.0+t")


def test_a_script_becomes_a_wheel_of_one_module(tmp_path: Path, cache: Cache) -> None:
    text = '# /// script\n# dependencies = ["packaging"]\n# ///\ndef fit(): ...\n'
    write_tree(tmp_path, {"my_fit.py": text})
    found = local_set("my_fit.py", cache=cache, cwd=tmp_path)
    wheel = found.sources[0].wheel()
    info = f"my_fit-{found.version}.dist-info"
    assert set(members(wheel)) == {
        "my_fit.py",
        *(f"{info}/{n}" for n in ("METADATA", "WHEEL", "RECORD")),
    }
    assert "Requires-Dist: packaging\n" in content(wheel, f"{info}/METADATA")
    assert sorted(found.requirements.versions()) == ["my-fit", "packaging"]
    assert found.requirements.versions()["packaging"] == importlib.metadata.version("packaging")  # type: ignore[index]  # names are normalised
