"""The tutorial is typed from its first line to its last, and prints what it shows."""

from __future__ import annotations

import getpass
import platform
import sys
from typing import TYPE_CHECKING

import pytest
from support.material.typed_pages import pages, whys
from support.pages.page_reader import Reader, scratch_home
from support.services.park_client import REPOSITORY, make_virtualenv
from support.services.park_service import own_environ

if TYPE_CHECKING:
    from pathlib import Path

PAGES = ("tutorial.md",)
PIP = """#!/bin/sh
exec uv pip "$@" --python "$(dirname "$0")/python"
"""
"""What the reader types as pip: a virtualenv of uv has none."""


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    server = REPOSITORY.with_name(f"{REPOSITORY.name}[server]")
    python = make_virtualenv(tmp_path / "venv", server)
    pip = python.with_name("pip")
    pip.write_text(PIP)
    pip.chmod(0o755)
    home = scratch_home(tmp_path / "home")
    user, host = getpass.getuser(), platform.node()
    names = {
        "3.11": f"3.{sys.version_info.minor}",
        "/home/me": str(home),
        "me@laptop": f"{user}@{host}",
        "by me": f"by {user}",
    }
    environ = own_environ(HOME=home, PARK_AGENT="off")
    with Reader(home, python, environ, names) as reader:
        reader.follow(pages()[PAGES[0]].read_text("utf-8"), before="import park")
    assert [each.why for each in reader.not_run] == whys(PAGES[0])
