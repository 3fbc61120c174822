"""A client on Windows or macOS has not all that Linux has: its path asks for none of it.

What those systems themselves do is tried there by .github/workflows/clients.yml alone.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

WITHOUT = """
import importlib, importlib.abc, json, os, pkgutil, signal, socket, sys

HIDDEN = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog", "readline"}
ABSENT = {
    os: ["fork", "getuid", "geteuid", "getgid", "setsid", "uname", "confstr", "sysconf",
         "sched_getaffinity", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "WNOHANG",
         "register_at_fork"],
    signal: ["SIGKILL", "SIGHUP", "SIGUSR1", "SIGPIPE", "pthread_sigmask", "SIGALRM"],
    socket: ["AF_UNIX"],
}

# what the standard library and platformdirs take for granted on this system
import asyncio, concurrent.futures, getpass, http.client, logging, multiprocessing, shutil, ssl
import subprocess, tarfile, tempfile, zipfile
import platformdirs.unix

for name in HIDDEN:
    sys.modules.pop(name, None)


class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Hidden())
for module, names in ABSENT.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
"""

IMPORTS = """
import park

OF_LINUX = ("park.runtime.", "park.fitting", "park.model_script", "park.testing")
missed, found = {}, 0
for module in pkgutil.walk_packages(park.__path__, "park."):
    if module.name.startswith(OF_LINUX) or module.name.endswith("__main__"):
        continue
    found += 1
    try:
        importlib.import_module(module.name)
    except Exception as error:
        missed[module.name] = repr(error)
print(json.dumps([found, missed]))
"""

COMMANDS = """
from park.cli.main import command_parsers, main

assert len(command_parsers()) > 30
assert main(["service", "add", "sns", "https://sns.example.org/park"]) == 0
assert main(["service", "list"]) == 0
"""


def run(code: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + code], env=os.environ | variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_of_a_client_is_imported_without_what_is_posix_alone() -> None:
    found, missed = json.loads(run(IMPORTS))
    assert missed == {}
    assert found > 250


def test_a_service_is_named_without_it(tmp_path: Path) -> None:
    said = run(COMMANDS, PARK_CONFIG=str(tmp_path / "park.toml"), PARK_AGENT="off")
    assert "sns" in said
    assert "https://sns.example.org/park" in (tmp_path / "park.toml").read_text("utf-8")


def test_what_the_page_says_of_other_systems_is_what_is_tried() -> None:
    page = (ROOT / "docs" / "reference" / "platforms.md").read_text("utf-8")
    matrix = (ROOT / ".github" / "workflows" / "clients.yml").read_text("utf-8")
    for system in ("ubuntu-latest", "macos-latest", "windows-latest"):
        assert system in matrix
        assert f"`{system}`" in page
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    minors = re.findall(r"Python :: (3\.\d+)", project)
    assert all(f'"{minor}"' in matrix for minor in minors)
    assert "has not been run" in page
    assert ".github/workflows/clients.yml" in page
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "The client asks for nothing that only POSIX has" in changes
