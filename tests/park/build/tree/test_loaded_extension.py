"""Extension modules that are newer than what was loaded of them."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from park.build.tree.loaded_extension import newer_than_loaded

_SECOND = 10**9


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """An extension module of a tree, which was built of ``_film.pyx``."""
    folder = tmp_path.resolve() / "with a space"
    folder.mkdir()
    file = folder / f"_film{EXTENSION_SUFFIXES[0]}"
    source = folder / "_film.pyx"
    for each in (source, file):
        each.write_bytes(b"as it was")
    os.utime(source, ns=(0, file.stat().st_mtime_ns - _SECOND))
    return file


@contextmanager
def loaded(file: Path) -> Iterator[None]:
    """Have this process have mapped ``file``, as the import of an extension module does."""
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ):
        yield


def test_what_is_as_it_was_loaded_is_not_newer(built: Path) -> None:
    with loaded(built):
        assert newer_than_loaded(built) is None


def test_one_that_was_put_in_its_place_is_newer(built: Path) -> None:
    with loaded(built):
        anew = built.with_name("anew")
        anew.write_bytes(b"built anew")
        anew.replace(built)
        assert newer_than_loaded(built) == built
        with loaded(built):  # by a test of it, say: which of the two runs is not known
            assert newer_than_loaded(built) is None


@pytest.mark.parametrize("ending", ["pyx", "c", "cpp", "f90"])
def test_a_source_that_was_edited_after_the_build_is_newer(built: Path, ending: str) -> None:
    source = built.with_name(f"_film.{ending}")
    source.write_bytes(b"edited")
    os.utime(source, ns=(0, built.stat().st_mtime_ns + _SECOND))
    assert newer_than_loaded(built) == source


def test_what_is_no_source_of_it_does_not_count(built: Path) -> None:
    for name in ("_film.txt", "_film.py", "_other.pyx"):
        other = built.with_name(name)
        other.write_bytes(b"edited")
        os.utime(other, ns=(0, built.stat().st_mtime_ns + _SECOND))
    assert newer_than_loaded(built) is None


def test_where_no_maps_are_or_no_file_nothing_is_told(built: Path) -> None:
    assert newer_than_loaded(built, maps=built.with_name("no maps")) is None
    built.unlink()
    assert newer_than_loaded(built) is None
