"""What how-tos tell to type is typed: each block of Python and of a shell is run, in its order.

But for lines of other systems, which follow the word Before: those are shown to be recognised.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.services.park_client import REPOSITORY, Client, make_virtualenv
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOW_TO = REPOSITORY / "docs" / "how-to"

MODEL = '''
"""A package of the reader."""

from sortedcontainers import SortedList


def simulate(thickness, seed=0):
    """Return a number that depends on both."""
    return thickness + seed / 10


def fit(path):
    """Return how many numbers a file has."""
    return {"points": len(SortedList(open(path).read().split()))}


def mean(values):
    """Return the mean of what other jobs returned."""
    return sum(values) / len(values)
'''

PROJECT = """
[build-system]
requires = ["flit_core>=3.12"]
build-backend = "flit_core.buildapi"

[project]
name = "mymodel"
version = "1.0"
description = "A package of the reader"
dependencies = ["sortedcontainers"]
"""

_BLOCK = re.compile(
    r"^(Before:\n\n)?((?:```(?:bash|python)\n.*?^```\n\n?)+)", re.MULTILINE | re.DOTALL
)
_ONE = re.compile(r"```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Yield each block that is to be run: its language, and its lines."""
    for before, several in _BLOCK.findall((HOW_TO / page).read_text("utf-8")):
        if not before:
            yield from _ONE.findall(several)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, client_cache: Path) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("reader")
    tree = folder / "mymodel"
    tree.mkdir()
    (tree / "mymodel.py").write_text(MODEL)
    (tree / "pyproject.toml").write_text(PROJECT)
    python = make_virtualenv(folder / "venv", tree)
    with ParkService(folder / "service", "--slots", "4") as service:
        made = Client.of(python, folder / "work", cache=client_cache, service=service)
        (made.folder / "film.txt").write_text("1.0 2.0 3.0\n")
        yield made


def typed(client: Client, language: str, text: str) -> str:
    """Run a block as the reader does, in the virtualenv; return what it prints."""
    python = str(client.python)
    command = (
        ["bash", "-euo", "pipefail", "-c", text] if language == "bash" else [python, "-c", text]
    )
    path = f"{client.python.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, env=client.environ() | {"PATH": path}, cwd=client.folder,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


PRINTED = {
    "come-from-elsewhere.md": [
        '{ "points": 3 }', "[10.0, 10.1, 10.2]", "[10.0, 20.0, 30.0]", "10.0", "10.1",
    ],
    "sweeps.md": ["[10.1, 20.2, 30.3]", "completed 20.2", "20.0 40.0"],
    "air-gapped.md": ["mymodel.zip: ", "lock ", ""],
}  # fmt: skip
"""A part of what each block prints."""


@pytest.mark.parametrize("page", PRINTED)
def test_each_block_does_what_the_page_says(client: Client, page: str) -> None:
    found = [typed(client, *block) for block in blocks(page)]
    assert len(found) == len(PRINTED[page])
    for said, expected in zip(found, PRINTED[page], strict=True):
        assert expected in " ".join(said.split())
