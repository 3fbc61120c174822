"""Modules that travel as their source."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from park.client.by_value import source_text
from park.client.by_value.source_text import imports_of, sources_of
from park.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "single.py").write_text("A = 1\n")
    package = tmp_path / "several"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("B = 2\n")
    (package / "inner" / "__init__.py").write_text("")
    (package / "not-a-module.py").write_text("")
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "deep.py").write_text("C = 3\n")
    return tmp_path


def test_a_module_is_its_text(folder: Path) -> None:
    found = sources_of("single")
    assert found == {
        "single": {"file": str(folder / "single.py"), "text": "A = 1\n", "package": False}
    }


def test_a_package_comes_whole(folder: Path) -> None:
    assert folder.exists()
    found = sources_of("several.part")
    packages = {name: each["package"] for name, each in found.items()}
    assert packages == {"several": True, "several.part": False, "several.inner": True}


def test_a_folder_without_a_file_of_its_own_is_a_package(folder: Path) -> None:
    found = sources_of("space.deep")
    assert found["space"] == {"file": "", "text": "", "package": True}
    assert found["space.deep"]["file"] == str(folder / "space" / "deep.py")


def test_what_is_too_large_is_refused_with_the_way_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.exists()
    monkeypatch.setattr(source_text, "_MOST_BYTES", 3)
    with pytest.raises(UsageError, match="single belongs to no project, and is too large") as told:
        sources_of("single")
    assert "pyproject.toml" in str(told.value.hint)


def test_what_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "single.py").write_bytes(b"# caf\xe9\n")
    with pytest.raises(UsageError, match=r"cannot send .*single\.py"):
        sources_of("single")


def test_imports_are_found_wherever_they_are() -> None:
    text = (
        "import a.b\n"
        "def f():\n"
        "    from c import d\n"
        "try:\n"
        "    from . import e\n"
        "    from ..up import g\n"
        "    from star import *\n"
        "except ImportError:\n"
        "    pass\n"
    )
    module = set(imports_of(text, "p.q.r", is_package=False))
    assert module == {"a.b", "c", "c.d", "p.q", "p.q.e", "p.up", "p.up.g", "star"}
    package = set(imports_of("from . import e\nfrom ..up import g", "p.q", is_package=True))
    assert package == {"p.q", "p.q.e", "p.up", "p.up.g"}
    assert imports_of("not Python", "m", is_package=False) == []


def test_a_text_is_read_in_the_encoding_that_it_names(folder: Path) -> None:
    (folder / "single.py").write_bytes(b"# coding: latin-1\nNAME = 'caf\xe9'\n")
    assert sources_of("single")["single"]["text"].endswith("NAME = 'caf\u00e9'\n")


def test_modules_of_a_zip_file_are_their_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "app.pyz"
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("zipped_helper.py", "A = 1\n")
        members.writestr("zipped/__init__.py", "")
        members.writestr("zipped/inner/part.py", "B = 2\n")
        members.writestr("zipped_other/part.py", "C = 3\n")
    monkeypatch.syspath_prepend(str(archive))
    assert sources_of("zipped_helper")["zipped_helper"]["text"] == "A = 1\n"
    found = {name: each["text"] for name, each in sources_of("zipped").items()}
    assert found == {"zipped": "", "zipped.inner.part": "B = 2\n"}
