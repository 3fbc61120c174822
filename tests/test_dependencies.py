"""Whatever is imported is declared, where whoever installs that part gets it."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, GROUPS = PYPROJECT["project"], PYPROJECT["dependency-groups"]
EXTRAS = PROJECT["optional-dependencies"]

CLIENT = [*PROJECT["dependencies"], *EXTRAS["watch"], *EXTRAS["keyring"], "pytest"]
SERVICE = [
    *PROJECT["dependencies"],
    *EXTRAS["server"],
    *EXTRAS["parsl"],
    *EXTRAS["postgres"],
    *EXTRAS["pypiserver"],
]
TESTS = [*SERVICE, *GROUPS["test"]]

OURS = {
    *{
        "park",
        "park_repo",
        "park_server",
        "support",
        "benchmarks",
        "fleet",
        "floors",
        "proof",
        "recorded_service",
        "sbom",
        "service_reference",
        "screenshots",
    },
}
OF_THE_MODEL = {"numpy"}
"""What values of a job are made of: where such a value is, the model has brought it."""


IF_THERE = {"uv"}
"""What is used where the interpreter has it, and done without where it has not."""


def names_of(requirements: Iterable[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def undeclared(folder: Path, requirements: Iterable[str]) -> dict[str, str]:
    """Return what is imported below ``folder`` without being required, and a file that does."""
    by_import, declared = packages_distributions(), names_of(requirements)
    inside = ROOT / "tests" / "packages"
    return {
        name: str(file.relative_to(folder))
        for file in folder.rglob("*.py")
        if inside not in file.parents
        for name in imported(file)
        if name not in sys.stdlib_module_names | OURS | OF_THE_MODEL | IF_THERE
        and declared.isdisjoint(map(canonicalize_name, by_import.get(name, [name])))
    }


@pytest.mark.parametrize(
    ("folder", "requirements"),
    [
        ("park_dist", CLIENT),
        ("repo", SERVICE),
        ("server", SERVICE),
        ("tests", TESTS),
        ("scripts", [*SERVICE, "playwright"]),  # whoever measures the page installs it
    ],
)
def test_what_is_imported_is_declared(folder: str, requirements: list[str]) -> None:
    assert undeclared(ROOT / folder, requirements) == {}


def test_what_is_not_declared_is_found(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("def late():\n    from packaging.version import Version\n")
    assert undeclared(tmp_path, ["tomlkit"]) == {"packaging": "module.py"}
    assert undeclared(tmp_path, ["Packaging>=26"]) == {}


def test_nothing_is_required_twice() -> None:
    for required in (CLIENT, TESTS):
        assert len(names_of(required)) == len({*required}), required
