r"""Names of files that are bytes: what is no UTF-8 in them survives, and can be shown.

Linux names a file by any bytes but ``/`` and NUL, and instruments write Latin-1. Python has
each byte that is not UTF-8 as a surrogate (PEP 383, what `os.listdir` returns), JSON has that as
an escape (``\udce4``), a URL has the byte itself (``%E4``).
"""

from __future__ import annotations

from urllib.parse import quote, unquote

__all__ = ["from_url", "in_url", "readable"]


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
