"""Wheels in the caches of installers; tests/functional fills real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.material.projects import write_tree
from support.material.wheels import make_wheel

from park.build.cache import Cache
from park.build.installer_caches import unpacked_wheels

INFO = "film-1.dist-info"


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder in which pip and uv have their caches."""
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return tmp_path


def found(root: Path) -> list[Path]:
    return list(unpacked_wheels(INFO, cache=Cache(root=root / "park")))


def test_a_wheel_that_pip_built(caches: Path) -> None:
    folder = caches / "pip/wheels/1a/b0/8c/4b75"
    folder.mkdir(parents=True)
    make_wheel(folder, "film", "1", files={"film.py": b"SLD = 2\n"})
    make_wheel(folder, "film", "2", files={"film.py": b""})
    (unpacked,) = found(caches)
    assert (unpacked / "film.py").read_bytes() == b"SLD = 2\n"
    assert (unpacked / INFO / "RECORD").exists()
    assert found(caches) == [unpacked]


def test_an_answer_of_an_index_that_pip_kept(caches: Path) -> None:
    folder = caches / "pip/http-v2/1/2/3/4/5"
    folder.mkdir(parents=True)
    wheel = make_wheel(caches, "film", "1", files={"film.py": b"SLD = 3\n"})
    wheel.rename(folder / "12345.body")
    (folder / "12346.body").write_bytes(b"<html>")
    (folder / "12347.body").write_bytes(b"PK\x03\x04 and no archive")
    (unpacked,) = found(caches)
    assert (unpacked / "film.py").read_bytes() == b"SLD = 3\n"


def test_a_wheel_that_uv_unpacked(caches: Path) -> None:
    write_tree(caches, {f"uv/archive-v0/x/{INFO}/RECORD": "", "uv/archive-v0/y/a.py": ""})
    assert found(caches) == [caches / "uv/archive-v0/x"]


def test_executables_stay_executable(caches: Path) -> None:
    folder = caches / "pip/wheels/1a/b0/8c/4b75"
    folder.mkdir(parents=True)
    make_wheel(folder, "film", "1", files={"film/tool": b"#!/bin/sh\n", "film/data": b""},
               executable={"film/tool"})  # fmt: skip
    (unpacked,) = found(caches)
    assert os.access(unpacked / "film/tool", os.X_OK)
    assert not os.access(unpacked / "film/data", os.X_OK)


def test_no_caches(caches: Path) -> None:
    assert found(caches) == []
