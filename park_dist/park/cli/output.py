"""All that a command prints goes through here: nothing in it is for the terminal to obey.

What it prints is what services answer, and they hand on what jobs and users wrote. So there is
one way out for a line, one for a text of several lines, and one for JSON; no other part of the
command line writes to stdout or stderr, but for those that hand on bytes on purpose.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

from park.errors import ParkError
from park.inert_text import inert, inert_json, inert_line

__all__ = [
    "print_json",
    "print_json_line",
    "say",
    "say_all",
    "say_text",
    "tell",
    "tell_error",
    "tell_text",
]

_OWN = r"(?<=\n)(?:hint|park|usage): "
"""How lines of park's own begin."""


def say(line: str, *, flush: bool = False) -> None:
    """Print ``line`` on stdout, as one line whatever is in it."""
    print(inert_line(line), flush=flush)


def say_all(lines: Iterable[str]) -> None:
    """Print each of ``lines`` on stdout, as one line."""
    for line in lines:
        say(line)


def say_text(text: str) -> None:
    """Print ``text`` on stdout, with its lines as they are: a traceback, a lock, a drawing."""
    sys.stdout.write(inert(text))


def tell(line: str) -> None:
    """Print ``line`` on stderr, for a person: what a command prints on stdout is for the next."""
    print(inert_line(line), file=sys.stderr, flush=True)


def tell_text(text: str) -> None:
    """Print ``text`` on stderr, its lines as they are, at once: other threads write there too."""
    sys.stderr.write(inert(text))


def tell_error(error: ParkError) -> None:
    """Print ``error`` on stderr, its lines as they are, and its hint.

    Of what a service or a job said no line is taken for one of park's own.
    """
    message = re.sub(_OWN, r"  \g<0>", error.message)
    hint = f"hint: {inert_line(error.hint)}\n" if error.hint else ""
    tell_text(f"park: error: {message}\n{hint}")


def print_json(document: Any) -> None:
    """Print ``document`` as JSON on stdout."""
    import json  # what most commands do without

    print(inert_json(json.dumps(document, indent=2, ensure_ascii=False)))


def print_json_line(document: Any) -> None:
    """Print ``document`` as JSON on one line of stdout, at once: for who reads line by line."""
    import json

    print(inert_json(json.dumps(document, ensure_ascii=False)), flush=True)
