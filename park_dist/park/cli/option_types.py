"""Values of options as types of argparse: what is wrong with one is said before anything is done.

Each raises `argparse.ArgumentTypeError`, which the parser says with the name of the option.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from park.cli.moments import parse_seconds

__all__ = ["at_least_one", "new_file", "time_limit"]


def at_least_one(text: str) -> int:
    """Return the whole number ``text``, which counts something: 1 or more."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def time_limit(text: str) -> float:
    """Return the seconds of a limit, which is above 0."""
    seconds = parse_seconds(text)
    if seconds == 0:
        raise argparse.ArgumentTypeError("0 leaves no time at all; for example 90 (seconds), 10m")
    return seconds


def new_file(text: str) -> Path:
    """Return the path of a file that can be made: minutes of work may come before it is."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder; name a file in it")
    if not path.parent.is_dir():
        what = "is no folder" if path.parent.exists() else "does not exist"
        raise argparse.ArgumentTypeError(f"{text} cannot be made: {path.parent} {what}")
    return path
