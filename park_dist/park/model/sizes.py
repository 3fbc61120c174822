"""Sizes in bytes, as people write and read them."""

from __future__ import annotations

import re

__all__ = ["parse_size", "shown_size"]

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return the bytes that ``text`` names, in powers of 1024; raises `ValueError`.

    >>> parse_size("2G"), parse_size("512 MiB"), parse_size("1000")
    (2147483648, 536870912, 1000)
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no size: expected a number and K, M, G or T")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def shown_size(count: int) -> str:
    """Return ``count`` bytes for people.

    >>> shown_size(900), shown_size(5 << 20), shown_size(3 << 30)
    ('900 B', '5.0 MiB', '3.0 GiB')
    """
    size, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":  # noqa: PLR2004 (the next unit)
            break
        size /= 1024
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
