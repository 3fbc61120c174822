"""Source trees and installed distributions for tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[2] / "packages"


def copy_package(name: str, folder: Path) -> Path:
    """Copy the project ``tests/packages/<name>`` below ``folder`` and return its root."""
    return Path(shutil.copytree(PACKAGES / name, folder / name))


def write_tree(root: Path, files: Mapping[str, str]) -> Path:
    """Write ``files`` (path: text) below ``root`` and return it."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root


def flit_project(name: str, *requires: str, tables: str = "") -> str:
    """Return a ``pyproject.toml`` of a project at version 1; ``tables`` are further ones."""
    return f"""
[build-system]
requires = ["flit_core>=3.11,<4"]
build-backend = "flit_core.buildapi"

[project]
name = "{name}"
version = "1"
description = "For a test"
dependencies = {json.dumps(requires)}
{tables}
"""


def make_git_checkout(root: Path, *, tag: str | None = None) -> None:
    """Commit all of ``root`` that is not ignored; skips the test where there is no git."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    commands = [["init", "--quiet"], ["add", "--all"], [*who, "commit", "--quiet", "-m", "all"]]
    if tag is not None:
        commands.append(["tag", tag])
    for command in commands:
        subprocess.run(["git", *command], cwd=root, check=True, env=_git_environ())


def _git_environ() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def install_distribution(
    site: Path,
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    extras: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
    installer: str = "pip",
    direct_url: Mapping[str, object] | None = None,
) -> None:
    """Write what an installer leaves in ``site``: a dist-info folder, and ``files``."""
    headers = [f"Name: {name}", f"Version: {version}"]
    headers += [f"Requires-Dist: {text}" for text in requires]
    headers += [f"Provides-Extra: {extra}" for extra in extras]
    metadata = "\n".join(["Metadata-Version: 2.1", *headers, "", "The description.\n"])
    dist_info = f"{name.replace('-', '_')}-{version}.dist-info"
    written = {
        **(files or {}),
        f"{dist_info}/METADATA": metadata,
        f"{dist_info}/INSTALLER": f"{installer}\n",
    }
    if direct_url is not None:
        written[f"{dist_info}/direct_url.json"] = json.dumps(direct_url)
    record = "".join(f"{path},,\n" for path in (*written, f"{dist_info}/RECORD"))
    write_tree(site, {**written, f"{dist_info}/RECORD": record})


def editable(root: Path) -> dict[str, object]:
    """Return the ``direct_url.json`` of an editable install of ``root`` (PEP 660)."""
    return {"url": root.as_uri(), "dir_info": {"editable": True}}
