r"""Names of files that are bytes: what is no UTF-8 in them survives, and can be shown.

Linux names a file by any bytes but ``/`` and NUL, and instruments write Latin-1. Python has
each byte that is not UTF-8 as a surrogate (PEP 383, what `os.listdir` returns), JSON has that as
an escape (``\udce4``), a URL has the byte itself (``%E4``).
"""

from __future__ import annotations

import os
from urllib.parse import quote, unquote

__all__ = ["from_url", "in_url", "is_name", "readable", "stays_below"]


def is_name(name: object) -> bool:
    """Tell whether ``name``, which somebody else says, is one name in a folder and leads nowhere.

    >>> is_name("fit.dat"), is_name(".."), is_name("a/b"), is_name("/etc")
    (True, False, False, False)
    """
    return isinstance(name, str) and name not in {"", ".", ".."} and not _PARTS.intersection(name)


def stays_below(path: object) -> bool:
    """Tell whether ``path``, which somebody else says, stays below the folder that it is put to.

    >>> stays_below("out/fit.dat"), stays_below("out/../../x"), stays_below("/etc/x")
    (True, False, False)
    """
    return isinstance(path, str) and all(map(is_name, path.split("/")))


_PARTS = frozenset({"/", "\0", *({"\\", ":"} if os.name == "nt" else ())})
"""What a name has not: it would be several, a drive, or none."""


def in_url(name: str, *, safe: str = "/") -> str:
    """Return ``name`` for a URL: byte by byte, as the file system has it."""
    return quote(name, safe=safe, errors="surrogateescape")


def from_url(text: str) -> str:
    """Return the name that `in_url` made ``text`` of."""
    return unquote(text, errors="surrogateescape")


def readable(text: str) -> str:
    r"""Return ``text`` for people and UTF-8: a byte that is no character as ``\xe4``."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half of a character that no file name has
        return text.encode("utf-8", "backslashreplace").decode()
