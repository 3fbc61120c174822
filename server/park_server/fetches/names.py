"""The name of a fetched file: what the server or the URL suggests, made safe everywhere.

A name becomes a file in the folder of a job, on the machine of whoever downloads it, and an
argument on command lines. Whoever runs the server at the URL chooses the suggestion.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote, urlsplit

from park.model.portable_names import WINDOWS_FORBIDS, is_windows_device

__all__ = ["DEFAULT_NAME", "file_name", "safe_name"]

DEFAULT_NAME = "download"
"""Where neither header nor URL suggests anything."""

_LONGEST_BYTES = 200
"""File systems take 255; encrypted ones, and those who add a suffix, take less."""

_LONGEST_SUFFIX_BYTES = 20

# RFC 9110, section 5.6: parameters are tokens, or quoted strings with escapes
_PARAMETER = re.compile(r""";\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)""")

_ENCODINGS = {"utf-8", "iso-8859-1"}
"""What RFC 8187 has receivers know; another one is no suggestion."""


def file_name(disposition: str | None, url: str) -> str:
    """Return the name for what came from ``url`` with this Content-Disposition (RFC 6266)."""
    suggestions = [*_suggested(disposition or ""), unquote(urlsplit(url).path.rpartition("/")[2])]
    return next(filter(None, map(safe_name, suggestions)), DEFAULT_NAME)


def safe_name(text: str) -> str:
    r"""Return what of ``text`` can be a file's name anywhere; empty where nothing can.

    >>> safe_name("../../etc/passwd"), safe_name("C:\\run.refl"), safe_name(".profile")
    ('passwd', 'run.refl', 'profile')
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", text)[-1])
    # control characters, and those that let a text look other than it is (or are half of one)
    name = "".join(char for char in name if unicodedata.category(char) not in _UNSEEN)
    name = "".join("_" if char in WINDOWS_FORBIDS else char for char in name)
    name = name.strip().lstrip(". ").rstrip(". ")  # hidden files; what Windows cuts off
    name = f"_{name[1:]}" if name[:1] in {"-", "~"} else name  # an option; somebody's home
    name = f"_{name}" if is_windows_device(name) else name
    return _shortened(name)


_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _suggested(disposition: str) -> list[str]:
    """Return the names in the header, that of ``filename*`` first (RFC 6266, section 4.3)."""
    found: dict[str, str] = {}
    for key, value in _PARAMETER.findall(disposition):
        found.setdefault(key.lower(), value)
    extended = _extended(found.get("filename*", ""))
    return [*([extended] if extended else []), _unquoted(found.get("filename", ""))]


def _extended(value: str) -> str | None:
    """Return the text of an extended value, ``UTF-8''na%C3%AFve.txt`` (RFC 8187)."""
    encoding, _, rest = value.strip('"').partition("'")
    _language, quote, text = rest.partition("'")
    if not quote or encoding.lower() not in _ENCODINGS:
        return None
    try:
        return unquote(text, encoding, errors="strict")
    except UnicodeDecodeError:
        return None


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    # browsers take a backslash for a folder's end, as Windows' servers send it
    return re.sub(r'\\(["\\])', r"\1", value[1:-1])


def _shortened(name: str) -> str:
    """Cut ``name`` to what file systems take, but keep its suffix."""
    if len(name.encode()) <= _LONGEST_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > _LONGEST_SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    room = _LONGEST_BYTES - len(f"{dot}{suffix}".encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + suffix
