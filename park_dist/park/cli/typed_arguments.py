"""What a person typed for an argument, and the option that says it: hints of errors alone.

Values on the command line are JSON, as they are in a record of a job. Who writes Python all day
writes ``nan``, ``None``, ``'text'`` or ``[1, 2,]``, and words as other commands take them.
"""

from __future__ import annotations

import ast
import json
import shlex
from collections.abc import Iterable
from pathlib import Path

__all__ = ["json_meant", "options_meant"]

_WORDS = {
    "nan": "NaN",
    "inf": "Infinity",
    "infinity": "Infinity",
    "none": "null",
    "true": "true",
    "false": "false",
}
"""Words in small letters that Python's people use, and the JSON that park reads for them."""


def json_meant(value: str) -> str | None:
    """Return the JSON of a ``value`` that Python would read, or None where it can be text alone.

    >>> json_meant("-inf"), json_meant("(1, 2.)"), json_meant("film")
    ('-Infinity', '[1, 2.0]', None)
    """
    sign, word = ("-", value[1:]) if value[:1] in ("-", "+") else ("", value)
    known = _WORDS.get(word.lower())
    if known is not None and (not sign or known in ("NaN", "Infinity")):
        negative = value[:1] == "-" and known != "NaN"
        return f"-{known}" if negative else known
    try:
        return json.dumps(ast.literal_eval(value))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def options_meant(words: Iterable[str]) -> str:
    """Return the options that give the ``words`` behind an entry point to its parameters.

    ``w=2`` names its parameter; a word alone does not, and ``NAME`` stands in its place. What
    is a file here is sent as one, and what is no JSON is text.
    """
    return " ".join(_option(word) for word in words)


def _option(word: str) -> str:
    name, equals, value = word.lstrip("-").partition("=")
    if not equals or not name.isidentifier():
        name, value = "NAME", word
    if _is_file(value):
        return f"--file {shlex.quote(f'{name}={value}')}"
    return f"--arg {shlex.quote(f'{name}={_as_json(value)}')}"


def _as_json(value: str) -> str:
    try:
        json.loads(value)
    except ValueError:
        return json_meant(value) or json.dumps(value, ensure_ascii=False)
    return value


def _is_file(value: str) -> bool:
    try:
        return Path(value).is_file()
    except (OSError, ValueError):
        return False
