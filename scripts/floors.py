"""The floors of the packages, as import-linter holds them: a picture as text, top first."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

__all__ = ["framed", "picture"]

ROOT = Path(__file__).parents[1]
SOURCE_ROOTS = ("park_dist", "repo", "server")
_WIDTH = 99
_BEGIN, _END = "<!-- floors: written by scripts/docs -->", "<!-- end of floors -->"


def picture() -> str:
    """Return all floors, each module with its number from the ground and what it is."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layered = [contract for contract in contracts if contract["type"] == "layers"]
    return "\n\n".join("\n".join(_storeys(contract)) for contract in layered)


def framed(page: str) -> str:
    """Return ``page`` with the picture between its two marks."""
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}\n\n```text\n{picture()}\n```\n\n{_END}{after}"


def _storeys(contract: dict[str, Any]) -> Iterator[str]:
    """Yield the floors of one contract, the highest first, as lines."""
    (container,) = contract.get("containers", [""])
    prefix = f"{container}." if container else ""
    layers: Sequence[str] = contract["layers"]
    rooms = [[name.strip() for name in layer.split("|")] for layer in layers]
    width = max(len(name) for floor in rooms for name in floor)
    yield contract["name"]
    for number, floor in zip(range(len(rooms), 0, -1), rooms, strict=True):
        for name in floor:
            head = f"  {number:>2}  {name:<{width}}  "
            yield head + shorten(_said_by(prefix + name), _WIDTH - len(head), placeholder=" …")


def _said_by(module: str) -> str:
    """Return the first line of a module's docstring."""
    place = module.replace(".", "/")
    for root in SOURCE_ROOTS:
        for file in (ROOT / root / f"{place}.py", ROOT / root / place / "__init__.py"):
            if file.exists():
                said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
                return said.partition("\n")[0].replace("``", "")
    raise LookupError(f"pyproject.toml names {module}, which is not there")
