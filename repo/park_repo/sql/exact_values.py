"""Values on their way to PostgreSQL that it does not hold as they are, and back.

Its text has no NUL, which names, labels and messages of users may have. So NUL is written as two
characters, the first of which Unicode keeps free for such uses and no text is made of; where a
text does have it, that is written as two as well. Order and search see the written form.

This module is imported where PostgreSQL is used, and nowhere else: it needs its driver.
"""

from __future__ import annotations

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.postgres import types

__all__ = ["register"]

_ESCAPE = "\U0010ffff"
"""A noncharacter: <https://www.unicode.org/faq/private_use.html#noncharacters>."""

_NUL, _ITSELF = f"{_ESCAPE}0", f"{_ESCAPE}1"
_TEXTS: tuple[str | int, ...] = (0, 705, "text", "varchar", "bpchar", "name")
"""What may hold text; 0 and 705 are the types of what no type is known of."""

_LONGEST = 63
"""Bits of an integer, besides its sign."""


class _TextDumper(Dumper):
    """Text whose type PostgreSQL finds out: as the driver's own, but for what it refuses."""

    def dump(self, obj: str) -> bytes:
        if "\0" in obj or _ESCAPE in obj:
            obj = obj.replace(_ESCAPE, _ITSELF).replace("\0", _NUL)
        return obj.encode()


class _TextLoader(Loader):
    """Text as it was before `_TextDumper`."""

    def load(self, data: Buffer) -> str:
        text = str(data, "utf-8")
        if _ESCAPE in text:
            text = text.replace(_NUL, "\0").replace(_ITSELF, _ESCAPE)
        return text


class _SumLoader(Loader):
    """What PostgreSQL makes of a sum of integers: a decimal number, which is one of Python's."""

    def load(self, data: Buffer) -> int | float:
        text = str(data, "ascii")
        return int(text) if text.lstrip("-").isdigit() else float(text)


class _IntegerDumper(Dumper):
    """Integers of 64 bits; raises `OverflowError` for others, as SQLite's driver does."""

    oid = types["int8"].oid

    def dump(self, obj: int) -> bytes:
        if not -(1 << _LONGEST) <= obj < 1 << _LONGEST:
            raise OverflowError("integer too large for one of 64 bits")
        return b"%d" % obj

    def quote(self, obj: int) -> bytes:
        """Return it as a statement has it; negative ones apart from a minus before them."""
        return b" %d" % obj


def register(connection: Connection) -> None:
    """Have ``connection`` keep each text and each integer as it is, or refuse it."""
    connection.adapters.register_dumper(str, _TextDumper)
    connection.adapters.register_dumper(int, _IntegerDumper)
    connection.adapters.register_loader("numeric", _SumLoader)
    for name in _TEXTS:
        connection.adapters.register_loader(name, _TextLoader)
