"""A script with inline metadata (PEP 723): its dependencies are its requirement set."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from park.errors import LocalSetError, NoDistribution
from park.local.metadata import project_name
from park.local.project import LocalProject, ProjectKind
from park.local.requirements import requirement_name

__all__ = [
    "has_inline_metadata",
    "running_script",
    "script_project",
    "script_requirements",
    "source_of",
]

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""The reference expression of the inline script metadata specification."""

_VERSION = "0"
"""A script declares no version: what tells it apart is the hash of its content."""


def has_inline_metadata(path: Path) -> bool:
    """Tell whether the Python file at ``path`` is a script with a ``script`` block."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return any(match["type"] == "script" for match in _BLOCK.finditer(text))


def script_project(path: Path) -> LocalProject:
    """Return the script at ``path`` as a project of one module.

    Raises `NoDistribution` where it has no inline metadata, and `LocalSetError` where that
    is malformed or asks for another Python than this.
    """
    requires = script_requirements(path)
    name = project_name(path.stem, where=str(path))
    if name in map(requirement_name, requires):
        raise _malformed(path, f"it requires {name}, which is its own name")
    return LocalProject(
        name=name,
        version=_VERSION,
        kind=ProjectKind.SCRIPT,
        requires=requires,
        root=path,
        origin=f"the script {path}",
        module=_module(path),
    )


def script_requirements(path: Path) -> tuple[str, ...]:
    """Return what the script at ``path`` says that it depends on; raises as `script_project`."""
    document = _metadata(path)
    requires = document.get("dependencies", [])
    if not isinstance(requires, list) or not all(isinstance(text, str) for text in requires):
        raise _malformed(path, "dependencies is not a list of requirements")
    _check_python(path, document.get("requires-python", ""))
    return tuple(requires)


def running_script() -> Path | None:
    """Return the script that this process runs, where it has inline metadata."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    script = Path(file) if isinstance(file, str) else None
    return script if script is not None and has_inline_metadata(script) else None


def source_of(path: Path, name: str) -> tuple[str, ...]:
    """Return what installs ``name`` from where the script at ``path`` has it, as pip's words.

    Empty where its ``[tool.uv.sources]`` do not say: then it is an index's.
    """
    found: Any = _metadata(path)
    for key in ("tool", "uv", "sources"):
        found = found.get(key) if isinstance(found, dict) else None
    tables = found.items() if isinstance(found, dict) else ()
    source = next((table for each, table in tables if canonicalize_name(each) == name), None)
    if not isinstance(source, dict):
        return ()
    if isinstance(local := source.get("path"), str):
        where = str((path.parent / local).resolve())
        return ("-e", where) if source.get("editable") else (where,)
    if isinstance(git := source.get("git"), str):
        at = next((f"@{source[key]}" for key in ("rev", "tag", "branch") if key in source), "")
        return (f"{name} @ git+{git}{at}",)
    return (f"{name} @ {url}",) if isinstance(url := source.get("url"), str) else ()


def _metadata(path: Path) -> dict[str, Any]:
    blocks = [m for m in _BLOCK.finditer(_text(path)) if m["type"] == "script"]
    if len(blocks) > 1:
        raise _malformed(path, "it has several script blocks")
    if not blocks:
        raise NoDistribution(
            f"{path} is a Python file without inline metadata (PEP 723)",
            hint="begin it with a '# /// script' block that lists its dependencies, "
            "or name the folder of a source tree",
        )
    lines = blocks[0]["content"].splitlines()
    try:
        return tomllib.loads("\n".join(line[2:] for line in lines))
    except tomllib.TOMLDecodeError as error:
        raise _malformed(path, str(error)) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(path, str(error)) from None


def _check_python(path: Path, requires: object) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        fits = SpecifierSet(str(requires)).contains(version, prereleases=True)
    except InvalidSpecifier as error:
        raise _malformed(path, f"requires-python: {error}") from None
    if not fits:
        raise LocalSetError(
            f"{path} requires Python {requires}; this is {version} ({sys.executable})",
            hint="run park with such a Python",
        )


def _module(path: Path) -> str:
    module = path.stem.replace("-", "_")
    if not module.isidentifier():
        raise LocalSetError(
            f"{path.name} is not importable: {module!r} is no identifier",
            hint="name the script like a module: letters, digits and underscores",
        )
    return module


def _malformed(path: Path, why: str) -> LocalSetError:
    return LocalSetError(
        f"the inline metadata (PEP 723) of {path} is malformed: {why}",
        hint="correct the '# /// script' block",
    )
