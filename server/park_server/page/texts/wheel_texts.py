"""The texts in a wheel: what a person would read of it."""

from __future__ import annotations

import zipfile
from pathlib import Path

__all__ = ["MOST_FILES", "MOST_TEXT", "PACKED", "WheelTexts", "texts_of"]

PACKED = "*.dist-info/"
"""How the names of what packing adds begin, without the version that is in them."""

MOST_FILES = 2_000
MOST_TEXT = 1 << 19
"""Bytes of a file that is read; sources that people write are shorter."""
_MOST_IN_ALL = 32 << 20

_OF_PACKING = (".dist-info/RECORD", ".dist-info/WHEEL")
"""What says nothing that the other files do not."""

WheelTexts = dict[str, str | bytes]
"""Each file by its path: its text; of what is none, or too long, what tells it from another."""


def texts_of(wheel: Path) -> WheelTexts:
    """Return the files of ``wheel``, the first `MOST_FILES` by name."""
    found: WheelTexts = {}
    left = _MOST_IN_ALL
    with zipfile.ZipFile(wheel) as archive:
        members = {each.filename: each for each in archive.infolist() if not each.is_dir()}
        for name in sorted(members)[:MOST_FILES]:
            if name.endswith(_OF_PACKING):
                continue
            member = members[name]
            if member.file_size > min(MOST_TEXT, left):
                found[name] = _mark(member)
                continue
            with archive.open(member) as stream:
                content = stream.read(member.file_size)
            left -= len(content)
            found[name] = _text(content) or _mark(member)
    return {_plain(name): content for name, content in found.items()}


def _plain(name: str) -> str:
    """Return the path in a wheel without the version in ``film-1.0.dist-info``."""
    first, slash, rest = name.partition("/")
    if slash and first.endswith(".dist-info"):
        return f"{PACKED}{rest}"
    return name


def _text(content: bytes) -> str | None:
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8") or "\n"
    except UnicodeDecodeError:
        return None


def _mark(member: zipfile.ZipInfo) -> bytes:
    return f"{member.file_size:,} bytes, CRC {member.CRC:08x}".encode()
