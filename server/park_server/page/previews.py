"""Files of jobs as far as they can be shown: told by their content, read without trust.

A job may leave anything under any name. Nothing here runs, decodes or unpacks more than it shows;
what is a picture is said to be one by its first bytes, and is shown by the browser as an image,
in which no script runs.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from park_server.page.npy import NotShown, header_of, values_of
from park_server.page.seen_records import PreviewRecord

__all__ = ["preview_of"]

_TEXT_BYTES = 128 << 10
_TABLE_BYTES = 2 << 20
_ARRAY_BYTES = 1 << 20
_MOST_ROWS = 5_000
_MOST_COLUMNS = 50
_MOST_VALUES = 2_000
_MOST_ARRAYS = 100
_MOST_IMAGE = 32 << 20
_DUMPED = 512
_PROLOGUE = 4_096

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_BEFORE_SVG = ((b"<?xml", b">"), (b"<!--", b"-->"), (b"<!DOCTYPE", b">"))
"""What may stand before the element of a picture, and how it ends."""

_SPLIT = re.compile(r"[,;\t]\s*|\s+")


def preview_of(path: Path) -> PreviewRecord:
    """Return what can be shown of the file at ``path``; reads it, so not for an event loop."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_TEXT_BYTES)
    image = _image(head, size)
    if image is not None:
        return PreviewRecord(kind="image", size=size, media_type=image)
    try:
        if head.startswith(b"\x93NUMPY"):
            return _array(path, size)
        if head.startswith(b"PK\x03\x04"):
            return _archive(path, size)
    except (NotShown, OSError, zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError):
        return _bytes(head, size)
    text = _text(head)
    if text is None:
        return _bytes(head, size)
    return _table(path, size) or PreviewRecord(
        kind="text", size=size, truncated=size > len(head), text=text
    )


def _image(head: bytes, size: int) -> str | None:
    if size > _MOST_IMAGE:
        return None
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if _is_svg(head[:_PROLOGUE]):
        return "image/svg+xml"
    return next((kind for magic, kind in _IMAGES if head.startswith(magic)), None)


def _is_svg(head: bytes) -> bool:
    left = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while found := next((end for begin, end in _BEFORE_SVG if left.startswith(begin)), None):
        _, ended, rest = left.partition(found)
        left = rest.lstrip() if ended else b""
    return left[:4] == b"<svg" and left[4:5] in {b" ", b">", b"\n", b"\t", b"\r"}


def _text(head: bytes) -> str | None:
    """Return what is text; a last character may be cut in two. None for what is none."""
    if b"\0" in head:
        return None
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        is_cut = error.start > len(head) - 4 and error.reason == "unexpected end of data"
        return head[: error.start].decode("utf-8") if is_cut else None


def _bytes(head: bytes, size: int) -> PreviewRecord:
    rows = (head[at : at + 16] for at in range(0, min(len(head), _DUMPED), 16))
    text = "\n".join(
        f"{number * 16:06x}  {row.hex(' '):<47}  "
        + "".join(chr(each) if 32 <= each < 127 else "." for each in row)  # noqa: PLR2004 (ASCII)
        for number, row in enumerate(rows)
    )
    return PreviewRecord(kind="bytes", size=size, truncated=size > _DUMPED, text=text)


# -- tables


def _table(path: Path, size: int) -> PreviewRecord | None:
    """Return columns of numbers, with names above them where there are; None: it is none."""
    with path.open("rb") as file:
        content = file.read(_TABLE_BYTES)
    lines = content.decode("utf-8", "replace").splitlines()
    if size > len(content):
        lines = lines[:-1]
    names: list[str] = []
    rows: list[list[float | None]] = []
    left = iter(lines)
    for line in left:
        text = line.strip()
        if not text:
            continue
        cells = [each for each in _SPLIT.split(text.lstrip("#").strip()) if each]
        numbers = None if text.startswith("#") else _numbers(cells)
        if numbers is None:
            if rows:
                return None
            names = cells
        elif rows and len(numbers) != len(rows[0]):
            return None
        else:
            rows.append(numbers)
            if len(rows) == _MOST_ROWS:
                break
    if len(rows) < 2 or not 1 < len(rows[0]) <= _MOST_COLUMNS:  # noqa: PLR2004 (to be a table)
        return None
    if len(names) != len(rows[0]):
        names = [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    return PreviewRecord(
        kind="table",
        size=size,
        truncated=next(left, None) is not None or size > len(content),
        columns=names,
        rows=list(rows),
    )


def _numbers(cells: list[str]) -> list[float | None] | None:
    """Return the numbers of a line, nan and infinities as None; None: it has other words."""
    found: list[float | None] = []
    for cell in cells:
        try:
            number = float(cell)
        except ValueError:
            return None
        found.append(number if abs(number) < float("inf") else None)
    return found


# -- arrays


def _array(path: Path, size: int) -> PreviewRecord:
    with path.open("rb") as file:
        array = _shown_array("", file.read(_ARRAY_BYTES))
    return PreviewRecord(kind="arrays", size=size, arrays=[array])


def _archive(path: Path, size: int) -> PreviewRecord:
    """Return the arrays of a .npz file; raises `NotShown` where something else is in it."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if not members or not all(each.filename.endswith(".npy") for each in members):
            raise NotShown("an archive of other things")
        arrays = []
        for member in members[:_MOST_ARRAYS]:
            with archive.open(member) as file:
                arrays.append(_shown_array(member.filename[:-4], file.read(_ARRAY_BYTES // 16)))
    return PreviewRecord(
        kind="arrays", size=size, truncated=len(members) > _MOST_ARRAYS, arrays=arrays
    )


def _shown_array(name: str, content: bytes) -> dict[str, Any]:
    try:
        header = header_of(content)
    except NotShown as error:
        return {"name": name, "dtype": None, "shape": [], "values": [], "why": str(error)}
    found: dict[str, Any] = {"name": name, "dtype": header.dtype, "shape": list(header.shape)}
    try:
        return found | {"values": values_of(header, content, _MOST_VALUES), "why": None}
    except NotShown as error:
        return found | {"values": [], "why": str(error)}
