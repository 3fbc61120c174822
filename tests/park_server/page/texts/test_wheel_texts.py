"""What a person would read of a wheel."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from park_server.page.texts.wheel_texts import MOST_TEXT, texts_of

if TYPE_CHECKING:
    from pathlib import Path


def wheel(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "film-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_texts_are_read_and_others_told_apart(tmp_path: Path) -> None:
    found = texts_of(
        wheel(
            tmp_path,
            {
                "film.py": b"d = 1\n",
                "film/empty.py": b"",
                "film/table.npy": b"\x93NUMPY\0\1",
                "film/latin.txt": b"\xe9",
                "film/large.csv": b"1\n" * MOST_TEXT,
            },
        )
    )
    assert found["film.py"] == "d = 1\n"
    assert found["film/empty.py"] == "\n"
    for name in ("film/table.npy", "film/latin.txt", "film/large.csv"):
        assert isinstance(found[name], bytes)
        assert b"bytes, CRC" in found[name]


def test_what_packing_adds_is_left_out_and_the_version_of_the_folder(tmp_path: Path) -> None:
    files = {"film-1.0.dist-info/METADATA": b"Name: film\n", "film-1.0.dist-info/RECORD": b"x"}
    assert texts_of(wheel(tmp_path, files)) == {"*.dist-info/METADATA": "Name: film\n"}
