"""Files of jobs as far as they are shown: told by their content, whatever that is."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from park_server.page.previews import preview_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from park_server.page.seen_records import PreviewRecord

    Shown = Callable[[bytes], PreviewRecord]


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    def look(content: bytes) -> PreviewRecord:
        path = tmp_path / "file"
        path.write_bytes(content)
        return preview_of(path)

    return look


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0..", "image/jpeg"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"<svg xmlns='x'/>", "image/svg+xml"),
        (b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- a --><!DOCTYPE svg>\n<svg>", "image/svg+xml"),
    ],
)
def test_pictures_are_known_by_their_first_bytes(
    shown: Shown, content: bytes, media_type: str
) -> None:
    found = shown(content)
    assert (found.kind, found.media_type) == ("image", media_type)


@pytest.mark.parametrize(
    "content", [b"<html><svg>", b"<!-- never ends", b"<!---->" * 500 + b"<b>", b"<svgx>"]
)
def test_markup_of_another_kind_is_text(shown: Shown, content: bytes) -> None:
    found = shown(content)
    assert (found.kind, found.text) == ("text", content.decode())


def test_a_table_has_the_names_that_stand_above_it(shown: Shown) -> None:
    found = shown(b"# film\n# x y residual\n1 2 nan\n3 4e0 .5\n")
    assert found.kind == "table"
    assert found.columns == ["x", "y", "residual"]
    assert found.rows == [[1, 2, None], [3, 4, 0.5]]
    assert shown(b"a,b\n1,2\n3,4\n").columns == ["a", "b"]
    assert shown(b"1\t2\n3\t4\n").columns == ["column 1", "column 2"]
    assert shown(b"1 2\n3 4 5\n").kind == "text"
    assert shown(b"a b\n1 2\nc d\n").kind == "text"
    assert shown(b'{"a": 1}\n').kind == "text"


def test_a_long_table_and_a_long_text_are_cut(shown: Shown) -> None:
    table = shown(b"1 2\n" * 1_200_000)
    assert (table.kind, len(table.rows), table.truncated) == ("table", 5_000, True)
    text = shown("ä".encode() * 100_000)
    assert (text.kind, text.truncated) == ("text", True)
    assert set(text.text or "") == {"ä"}


def test_arrays_are_shown_without_what_would_run(shown: Shown) -> None:
    file = io.BytesIO()
    np.savez_compressed(file, q=np.arange(4.0), names=np.array([{}], dtype=object))
    found = shown(file.getvalue())
    assert found.kind == "arrays"
    assert found.arrays[0]["values"] == [0, 1, 2, 3]
    assert found.arrays[1]["values"] == []
    assert found.arrays[1]["why"]


def test_an_archive_that_would_unpack_to_much_is_read_no_further(
    shown: Shown,
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        said = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999,)}"
        header = b"\x93NUMPY\x01\x00\x40\x00" + said
        archive.writestr("a.npy", header.ljust(74) + bytes(8 << 20))
    found = shown(file.getvalue())
    assert len(found.arrays[0]["values"]) == 2_000


@pytest.mark.parametrize(
    "content", [b"\0\1\2", b"PK\x03\x04 no archive", b"\x93NUMPY", b"\xff\xfe\xfa"]
)
def test_all_else_is_bytes(shown: Shown, content: bytes) -> None:
    found = shown(content)
    assert found.kind in {"bytes", "arrays"}
    assert content[0:1].hex() in (found.text or "93")


def test_an_empty_file_is_an_empty_text(shown: Shown) -> None:
    assert shown(b"").kind == "text"
