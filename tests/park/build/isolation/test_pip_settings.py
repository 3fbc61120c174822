"""`park.build.isolation.pip_settings`: what pip itself says that it is told."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from park.build.isolation.pip_settings import pip_settings

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = ("global", "install", ":env:")


def said_by_pip() -> dict[str, str]:
    """Return the settings in the order in which ``pip install`` reads them."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.partition("=") for line in listed.splitlines()]
    found = [(*key.rsplit(".", 1), ast.literal_eval(value)) for key, _, value in lines]
    return {
        name: value
        for section in SECTIONS
        for where, name, value in found
        if where == section and name != "config-file"
    }


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.skipif(os.name == "nt", reason="the folders of XDG")
def test_every_place_counts_in_the_order_of_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two files the later says something of its own, and something else than the earlier."""
    write(tmp_path / "all/pip/pip.conf", "[global]\nretries=1\nindex-url=https://all/\n")
    write(tmp_path / "home/.pip/pip.conf", "[global]\ntimeout=2\nindex_url=https://legacy/\n")
    write(
        tmp_path / "own/pip/pip.conf",
        "[install]\nno-binary=x\nextra-index-url =\n  https://a/\n  https://b/\n"
        "[download]\nquiet=1\n[global]\nindex-url=https://own/\n",
    )
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "all"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_FIND_LINKS", "/wheels")
    assert pip_settings() == said_by_pip()

    named = write(tmp_path / "named.conf", "[install]\nindex-url=https://named/\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(named))
    settings = pip_settings() or {}
    assert settings.pop("config-file") == str(named)
    assert settings == said_by_pip()
    assert settings["index-url"] == "https://named/"
    assert "timeout" not in settings

    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    settings = pip_settings() or {}
    settings.pop("config-file")
    assert settings == said_by_pip()


@pytest.mark.parametrize("text", ["no section", "[global]\nx = \xff"])
def test_a_file_that_cannot_be_read_is_left_to_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    broken = tmp_path / "pip.conf"
    broken.write_bytes(text.encode("latin-1"))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(broken))
    assert pip_settings() is None
