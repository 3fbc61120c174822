"""The service's own processes never import, build or unpickle what a user sent."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import park_repo
import park_server

SOURCES = [Path(park_server.__path__[0]), Path(park_repo.__path__[0])]

RUNS_CODE = {
    "pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "copyreg",
    "importlib", "runpy", "imp", "pkgutil", "code", "codeop", "pydoc",
}  # fmt: skip
"""Modules that turn bytes or names into running code."""

RUNS_NOTHING = {"importlib.machinery", "importlib.metadata", "importlib.resources"}
"""Parts of them that find or read what is installed, and import none of it."""

RUNS_TEXT = {"exec", "eval", "compile", "__import__"}

OF_THE_OPERATOR = "parsl_setup.py"
"""Runs in the driver of pilots, a process of its own: it runs the operator's configuration."""

OF_PARSL = "tied_pool.py"
"""Becomes Parsl's pool on a node, which is no process of the service."""

COMPILER = "compile_modules.py"
"""Runs in a process of its own, under the interpreter of an environment: it compiles modules,
and runs none of them."""


def ways_to_run(source: str) -> Iterator[str]:
    """Yield the imports and calls in ``source`` that could run what somebody sent."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = {alias.name.partition(".")[0] for alias in node.names} & RUNS_CODE
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found = {module.partition(".")[0]} & RUNS_CODE if module not in RUNS_NOTHING else set()
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found = {node.func.id} & RUNS_TEXT
        else:
            continue
        yield from sorted(found)


def test_no_module_of_the_service_can_run_what_was_sent() -> None:
    found = {
        path.name: ways
        for source in SOURCES
        for path in source.rglob("*.py")
        if (ways := list(ways_to_run(path.read_text(encoding="utf-8"))))
    }
    assert found == {
        COMPILER: ["importlib", "marshal", "compile"],
        OF_THE_OPERATOR: ["runpy"],
        OF_PARSL: ["runpy"],
    }


def test_no_module_of_the_service_decodes_what_a_job_passes_on() -> None:
    """The codec of jobs reads pickles: of it the service knows the mark of a node alone."""
    for source in SOURCES:
        for path in source.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == "park.runtime.codec":
                    assert [alias.name for alias in node.names] == ["TAG"], path
                if isinstance(node, ast.Import):
                    assert "park.runtime.codec" not in {alias.name for alias in node.names}, path


def test_the_search_finds_each_way() -> None:
    source = "import pickle\nfrom importlib.util import x\nexec('1')\neval\n__import__('os')"
    assert list(ways_to_run(source)) == ["pickle", "importlib", "exec", "__import__"]
