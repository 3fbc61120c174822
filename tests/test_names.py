"""One finds one's way: folders and modules that are not too full, and names that differ."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("park_dist", "server", "repo")


def folders(*sources: str) -> list[Path]:
    """Return the folders below ``sources`` that have modules, or tests."""
    return [
        folder
        for source in sources
        for folder in (ROOT / source).rglob("*")
        if folder.is_dir() and folder.name != "__pycache__" and any(folder.glob("*.py"))
    ]


FOLDERS = folders(*SOURCES)
AROUND = folders("tests", "scripts")

HISTORY = ROOT / "server" / "park_server" / "migrations" / "versions"
"""One file for each schema that there ever was: it only grows, and is read by its numbers."""

MOST_FILES = 20
MOST_FILES_AROUND = 24
MOST_LINES = 400
MOST_LINES_TOGETHER = 40
ASSEMBLY = ROOT / "server" / "park_server" / "assembly"
ENDINGS = ("ings", "ing", "ions", "ion", "ers", "er", "ors", "or", "es", "ed", "s", "e")

OF_OTHERS = {"env"}
"""Alembic calls its entry point so."""


def files() -> list[Path]:
    """Return the modules, without those whose names are the words of `park`'s commands."""
    commands = ROOT / "park_dist" / "park" / "cli"
    found = [file for folder in FOLDERS for file in folder.glob("*.py")]
    named = [file for file in found if not file.name.startswith("__")]
    return [file for file in named if file.parent.parent != commands]


def without_ending(word: str) -> str:
    """Return what is left of ``word`` without the ending of a plural, a participle or a doer."""
    longer = (ending for ending in ENDINGS if len(word) - len(ending) > 2)
    stem = word.removesuffix(next((ending for ending in longer if word.endswith(ending)), ""))
    is_doubled = stem[-1] == stem[-2] and stem[-1] not in "ls"  # planning, but install
    return stem[:-1] if is_doubled else stem


@pytest.mark.parametrize(
    "folder",
    [folder for folder in FOLDERS if folder != HISTORY],
    ids=lambda folder: str(folder.relative_to(ROOT)),
)
def test_a_folder_can_be_seen_at_a_glance(folder: Path) -> None:
    found = [file.name for file in folder.glob("*.py") if file.name != "__init__.py"]
    assert len(found) <= MOST_FILES


@pytest.mark.parametrize("folder", AROUND, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_of_tests_can_be_seen_at_a_glance(folder: Path) -> None:
    found = [file.name for file in folder.glob("*.py") if file.name != "__init__.py"]
    assert len(found) <= MOST_FILES_AROUND


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_module_can_be_read_in_one_go(folder: Path) -> None:
    lines = {file.name: len(file.read_text("utf-8").splitlines()) for file in folder.glob("*.py")}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


@pytest.mark.parametrize("module", sorted(ASSEMBLY.glob("*.py")), ids=lambda module: module.name)
def test_how_a_service_is_put_together_reads_from_top_to_bottom(module: Path) -> None:
    lines = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(ast.parse(module.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES_TOGETHER} == {}


def test_no_two_files_differ_by_a_plural_or_an_ending_alone() -> None:
    alike: dict[str, set[str]] = defaultdict(set)
    for file in files():
        alike[without_ending(file.stem)].add(file.stem)
    assert not {words for words in map(frozenset, alike.values()) if len(words - OF_OTHERS) > 1}


@pytest.mark.parametrize(
    ("one", "other"),
    [("binding", "bindings"), ("fetcher", "fetching"), ("plan", "planning"), ("watch", "watches"),
     ("install", "installed"), ("bundle", "bundled"), ("source", "sources"), ("store", "stored")],
)  # fmt: skip
def test_endings_are_known(one: str, other: str) -> None:
    assert without_ending(one) == without_ending(other)
