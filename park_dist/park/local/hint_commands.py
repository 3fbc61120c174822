"""Commands that hints name: as they work here, in this interpreter and in a shell."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path

__all__ = ["install_command", "quoted"]

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_SPECIAL_IN_QUOTES = re.compile(r'["$`\\!]')


def install_command(*arguments: str | Path) -> str:
    """Return the command that installs ``arguments`` here: pip's, or uv's where there is no pip.

    Environments that uv makes have none. Options, requirements and paths are quoted for a shell.
    """
    pip = "python -m pip install"
    if find_spec("pip") is None:
        pip = f"uv pip install --python {quoted(sys.executable)}"
    return " ".join([pip, *(quoted(str(each)) for each in arguments)])


def quoted(word: str) -> str:
    r"""Return ``word`` as one word for a shell; in double quotes, which all shells know, if it can.

    >>> print(quoted("numpy"), quoted("numpy>=2"), quoted("/home/ada/my film"), quoted("~/a"))
    numpy "numpy>=2" "/home/ada/my film" "~/a"
    >>> print(quoted('a; extra == "fast"'))
    'a; extra == "fast"'
    """
    import shlex

    if _PLAIN.fullmatch(word):
        return word
    return shlex.quote(word) if _SPECIAL_IN_QUOTES.search(word) else f'"{word}"'
