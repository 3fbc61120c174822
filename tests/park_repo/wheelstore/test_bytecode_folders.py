from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from park_repo.wheelstore import bytecode_folders

if TYPE_CHECKING:
    from pathlib import Path

PATHS = ["site/a.py", "site/pkg/b.py", "site/data.txt", "scripts/run.py", "site/pkg/c.pyi"]
MODULES = ["site/a.py", "site/pkg/b.py"]
FOLDERS = ["site/__pycache__", "site/pkg/__pycache__"]


def test_only_importable_modules_have_bytecode() -> None:
    assert bytecode_folders.modules(reversed(PATHS)) == MODULES
    assert bytecode_folders.expected("a.py", "cpython-311") == "a.cpython-311.pyc"


def test_bytecode_is_told_from_what_has_such_a_name() -> None:
    for path in (*FOLDERS, "site/__pycache__/a.cpython-311.pyc"):
        assert bytecode_folders.is_bytecode(path)
    for path in ("site/__pycache__.py", "site/x__pycache__", "site/a.pyc"):
        assert not bytecode_folders.is_bytecode(path)


def test_folders_stay_open_until_their_bytecode_is_in_and_nothing_else(tmp_path: Path) -> None:
    for path in PATHS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    bytecode_folders.reserve(tmp_path, PATHS)
    bytecode_folders.open_for_bytecode(tmp_path, PATHS)
    made = "site/__pycache__/a.cpython-311.pyc"
    (tmp_path / made).write_bytes(b"code")
    (tmp_path / "site/pkg/__pycache__/stranger.pyc").touch()

    stamps = bytecode_folders.close(tmp_path, MODULES, {made: "ab"})

    assert {stamp.path: stamp.sha256 for stamp in stamps} == {
        FOLDERS[0]: "",
        made: "ab",
        FOLDERS[1]: "",
    }
    assert list((tmp_path / FOLDERS[1]).iterdir()) == []
    for folder in FOLDERS:
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o555
