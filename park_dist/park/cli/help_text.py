"""The help of commands in the width of the terminal: tables, examples and prose.

argparse wraps the help of options, and nothing of what stands below them.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable

__all__ = ["HelpFormatter", "fitted"]

_TWO_COLUMNS = r" *\S.*?(?P<gap> {2,})(?P<said>\S.*)"
"""A command, a gap, and what is said of it; compiled where help is asked for."""

_LEAST_COLUMNS = 20
"""In which prose is read beside a command; in fewer it goes below it."""

_DEEPER = 4
_AN_EXAMPLE = 2
"""By how much commands are indented; what is further in goes on with what is said of one."""


class HelpFormatter(argparse.HelpFormatter):
    """As argparse's own, but lines below the options stay lines, each fitted to the terminal."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        import textwrap  # as argparse does: a command that is run has no use of it

        return textwrap.indent(fitted(text, width - len(indent)), indent)


def fitted(text: str, width: int) -> str:
    """Return ``text`` with its lines of more than ``width`` characters wrapped.

    What is said of a command goes on below its own beginning. Commands stay whole, however long:
    a terminal wraps them as well, and who copies one copies a command.
    """
    return "\n".join(part for line in text.splitlines() for part in _parts(line, width))


def _parts(line: str, width: int) -> Iterable[str]:
    if len(line) <= width:
        return [line]
    indent = len(line) - len(line.lstrip())
    found = re.fullmatch(_TWO_COLUMNS, line)
    if found is None and indent == _AN_EXAMPLE:
        return [line]
    if found is None:
        hang = indent if width - indent >= _LEAST_COLUMNS else _AN_EXAMPLE + _DEEPER
        return _wrapped(line.strip(), width, " " * hang, " " * hang)
    at = found.start("said")
    if width - at >= _LEAST_COLUMNS:
        return _wrapped(found["said"], width, line[:at], " " * at)
    below = " " * (indent + _DEEPER)
    return [line[: found.start("gap")], *_wrapped(found["said"], width, below, below)]


def _wrapped(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    import textwrap  # see above

    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
