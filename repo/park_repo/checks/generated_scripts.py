"""The scripts that installers generate for a wheel, by its ``entry_points.txt``."""

from __future__ import annotations

import configparser
import re
from typing import TYPE_CHECKING

from installer.utils import parse_entrypoints

from park_repo.checks.members import MAX_PART_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_script_name", "check_scripts"]

_SCRIPT_NAME = re.compile(r"[^/\x00-\x1f]+")
"""A script is made of its name later, in ``bin`` of an environment and nowhere else."""

_SHOWN = 60


def check_scripts(text: str) -> None:
    """See that installers can make every script; raises `ValueError` where one cannot be made."""
    try:
        names: Iterable[str] = [name for name, *_ in parse_entrypoints(text)]
    except configparser.Error as error:
        raise ValueError(" ".join(str(error).split())) from error
    except AssertionError as error:  # how installer tells a value that is none
        raise ValueError("a script is not of the form NAME = MODULE:ATTRIBUTE") from error
    for name in names:
        check_script_name(name)


def check_script_name(name: str) -> None:
    """Raise `ValueError` for a name that is none of a file in a folder."""
    is_long = len(name.encode("utf-8", "surrogatepass")) > MAX_PART_BYTES
    if name in {"", ".", ".."} or not _SCRIPT_NAME.fullmatch(name) or is_long:
        shown = repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")
        raise ValueError(f"the entry point {shown} is no name of a script")
