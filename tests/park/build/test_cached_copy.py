"""A cached wheel in the place of installed files, as long as it is the one that is here."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from support.material.projects import write_tree
from support.material.wheels import make_wheel

from park.build.cache import Cache
from park.build.cached_copy import cached_files

INFO, DATA = "film-1.dist-info", "film-1.data"
FILES = {
    "film.py": b"SLD = 2\n",
    f"{DATA}/purelib/more.py": b"",
    f"{DATA}/scripts/tool": b"#!python\n",
    f"{DATA}/data/share/film.txt": b"Si\n",
    f"{DATA}/headers/film.h": b"",
}


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an environment in which film 1 is installed, with its wheel in pip's cache."""
    folder = tmp_path / "pip/wheels/1a/b0/8c/4b75"
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    wheel = make_wheel(folder, "film", "1", files=FILES)
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"{INFO}/METADATA").decode()
    installed = {
        "site/film.py": "SLD = 2\n",
        "site/more.py": "",
        "bin/tool": "#!/venv/bin/python\n",
        "share/film.txt": "Si\n",
        f"site/{INFO}/METADATA": metadata,
    }
    return write_tree(tmp_path / "venv", installed)


def found(prefix: Path) -> set[tuple[str, bool]] | None:
    cache = Cache(root=prefix.parent / "park")
    files = cached_files(INFO, prefix / "site", prefix, cache=cache)
    return files if files is None else {(file.path, file.executable) for file in files}


def test_its_files_have_the_names_of_the_installed_ones(prefix: Path) -> None:
    assert found(prefix) == {
        ("film.py", False),
        ("more.py", False),
        (f"{DATA}/scripts/tool", True),
        (f"{DATA}/data/share/film.txt", False),
        (f"{DATA}/headers/film.h", False),
        (f"{INFO}/METADATA", False),
        (f"{INFO}/WHEEL", False),
    }


@pytest.mark.parametrize("gone", ["site/film.py", "site/more.py", "share/film.txt"])
def test_what_is_lost_here_is_in_it(prefix: Path, gone: str) -> None:
    (prefix / gone).unlink()
    assert found(prefix) is not None


@pytest.mark.parametrize("edited", ["site/film.py", "site/more.py", "share/film.txt"])
def test_what_was_edited_here_is_not_what_was_installed(prefix: Path, edited: str) -> None:
    (prefix / edited).write_text("edited")
    assert found(prefix) is None


def test_another_build_of_the_version_is_told_by_its_metadata(prefix: Path) -> None:
    metadata = prefix / "site" / INFO / "METADATA"
    metadata.write_text(metadata.read_text() + "\nAnother.\n")
    assert found(prefix) is None


def test_a_cache_that_is_damaged(prefix: Path) -> None:
    assert found(prefix) is not None
    (unpacked,) = (prefix.parent / "park/unpacked-v1").glob("*/film.py")
    unpacked.write_bytes(b"SLD = 9\n")
    (prefix / "site/film.py").unlink()
    assert found(prefix) is None
