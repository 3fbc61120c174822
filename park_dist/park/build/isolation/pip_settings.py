"""The settings of pip, read where pip reads them, without the 0.1 s that pip needs to start.

Places and their order: https://pip.pypa.io/en/stable/topics/configuration/
"""

from __future__ import annotations

import os
import sys
from configparser import Error, RawConfigParser
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import site_config_dir, site_data_dir, user_config_dir, user_data_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["pip_settings"]

_FILE = "pip.ini" if os.name == "nt" else "pip.conf"

_SECTIONS = ("global", "install")
"""Those that ``pip install`` reads, the stronger last."""

_OF_PIP_ITSELF = {"version", "help"}
"""Variables ``PIP_…`` that are no settings, as to pip."""


def pip_settings() -> dict[str, str] | None:
    """Return what ``pip install`` is told here by files and variables, by the long options.

    None where a file of them cannot be read: pip says why.
    """
    read = {section: dict[str, str]() for section in _SECTIONS}
    try:
        for path in _files():
            parser = RawConfigParser()
            parser.read(path)
            for section in read.keys() & set(parser.sections()):
                read[section] |= {_option(key): value for key, value in parser.items(section)}
    except (Error, UnicodeDecodeError):
        return None
    return {key: value for settings in read.values() for key, value in settings.items()} | {
        _option(name.removeprefix("PIP_")): value
        for name, value in os.environ.items()
        if name.startswith("PIP_") and name.removeprefix("PIP_").lower() not in _OF_PIP_ITSELF
    }


def _files() -> Iterator[Path]:
    """Yield the files of settings, the weakest first; they need not be there."""
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    for folder in _folders_of_all():
        yield Path(folder, _FILE)
    if not (named and Path(named).exists()):
        yield Path("~", "pip" if os.name == "nt" else ".pip", _FILE).expanduser()
        yield Path(_folder_of_user(), _FILE)
    yield Path(sys.prefix, _FILE)
    if named:
        yield Path(named)


def _folders_of_all() -> list[str]:
    if sys.platform == "darwin":
        return site_data_dir("pip", appauthor=False, multipath=True).split(os.pathsep)
    found = site_config_dir("pip", appauthor=False, multipath=True)
    return [found] if os.name == "nt" else [*found.split(os.pathsep), "/etc"]


def _folder_of_user() -> str:
    if sys.platform == "darwin":
        found = user_data_dir("pip", appauthor=False)
        return found if Path(found).is_dir() else str(Path("~/.config/pip").expanduser())
    return user_config_dir("pip", appauthor=False, roaming=True)


def _option(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")
