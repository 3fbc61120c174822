"""A reader of how-tos, who has what they take him to have, and knows two services by name."""

from __future__ import annotations

import getpass
import platform
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.pages.page_reader import Reader, scratch_home
from support.services.park_client import REPOSITORY
from support.services.park_service import own_environ

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.services.park_service import ParkService

__all__ = ["BEFORE", "names_here", "page", "reading"]

BEFORE = """
import os
import park, mymodel
service = compufans = park.remote_service("compufans")
sns = park.remote_service("sns")
"""
"""What a page takes for granted in Python."""


@contextmanager
def reading(
    home: Path, python: Path, cache: Path, services: tuple[ParkService, ParkService]
) -> Iterator[Reader]:
    """Give a reader in a scratch home, who has named both services."""
    compufans, sns = services
    scratch_home(home)
    (home / "film.txt").write_text("1.0 2.0 3.0\n")
    configuration = home / ".config" / "park" / "config.toml"
    configuration.parent.mkdir(parents=True)
    named = [
        f'[services.{name}]\nurl = "{each.url}"\ntoken_file = "{each.home / "token"}"\n'
        for name, each in (("compufans", compufans), ("sns", sns))
    ]
    configuration.write_text("\n".join(['default = "compufans"\n', *named]))
    environ = own_environ(
        HOME=home, PARK_AGENT="off", PARK_CACHE_DIR=cache, PARK_STATE_DIR=compufans.state
    )
    with Reader(home, python, environ, names_here(home, compufans)) as reader:
        yield reader


def names_here(home: Path, service: ParkService) -> dict[str, str]:
    """Return what words of any page stand for here."""
    return {
        "3.11": f"3.{sys.version_info.minor}",
        "/home/me/park-service": str(service.home),
        "/home/me": str(home),
        "me@laptop": f"{getpass.getuser()}@{platform.node()}",
        "by me": f"by {getpass.getuser()}",
        "http://127.0.0.1:8750": service.url,
        "https://compufans.example.org/park": service.url,
        "~/park-service": str(service.home),
        "/var/lib/park": str(service.home),
    }


def page(name: str) -> str:
    """Return the text of a page of the how-tos, or of what stands before all pages."""
    folder = REPOSITORY if name == "README.md" else REPOSITORY / "docs" / "how-to"
    return (folder / name).read_text("utf-8")
