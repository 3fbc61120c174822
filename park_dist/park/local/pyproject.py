"""What a source tree declares without running any of its code: ``pyproject.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeGuard

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from park.errors import LocalSetError
from park.local.metadata import project_name
from park.model.pins import normalized_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName

__all__ = [
    "BuildSystem",
    "Pyproject",
    "is_source_tree",
    "name_in_setup_cfg",
    "read_pyproject",
]

_LEGACY_REQUIRES = ("setuptools >= 40.8.0",)
_LEGACY_BACKEND = "setuptools.build_meta:__legacy__"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildSystem:
    """The ``[build-system]`` table (PEP 518), or PEP 517's fallback where there is none."""

    requires: tuple[str, ...] = _LEGACY_REQUIRES
    backend: str = _LEGACY_BACKEND
    backend_path: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Pyproject:
    """The static part of a project's metadata (PEP 621); None: only a build can tell.

    ``requires`` has the optional dependencies too, each under its ``extra`` marker, as in
    core metadata. ``tools`` are those that have a table of their own in the file.
    """

    build_system: BuildSystem
    name: NormalizedName | None = None
    version: str | None = None
    requires: tuple[str, ...] | None = None
    extras: tuple[str, ...] = ()
    tools: frozenset[str] = frozenset()


def is_source_tree(folder: Path) -> bool:
    """Tell whether ``folder`` is the root of a project that a build frontend would take.

    A ``pyproject.toml`` which only configures tools does not make a project, but one beside a
    ``setup.cfg`` with a name does: that is setuptools', by PEP 518's default.
    """
    if (folder / "setup.py").is_file():
        return True
    file = folder / "pyproject.toml"
    if not file.is_file():
        return False
    is_project = not {"project", "build-system"}.isdisjoint(_load(file))
    return is_project or name_in_setup_cfg(folder) is not None


def read_pyproject(root: Path) -> Pyproject:
    """Read what the tree at ``root`` declares; without a ``pyproject.toml``, nothing is known.

    Raises `LocalSetError` where the file is not TOML or a table has the wrong form.
    """
    file = root / "pyproject.toml"
    document = _load(file) if file.is_file() else {}
    build_system = _build_system(document.get("build-system"), file)
    project, tools = document.get("project"), frozenset(document.get("tool", ()))
    if project is None:
        return Pyproject(build_system=build_system, tools=tools)
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        raise _malformed(file, "[project]", "a table with a name")
    return replace(_static_part(project, build_system, file), tools=tools)


def name_in_setup_cfg(root: Path) -> str | None:
    """Return the name that ``setup.cfg`` declares, None where it declares none or is none."""
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read(root / "setup.cfg", encoding="utf-8")
    except (Error, UnicodeDecodeError):
        return None
    return parser.get("metadata", "name", fallback=None)


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LocalSetError(f"{file} is not TOML: {error}", hint="correct that file") from None


def _build_system(table: object, file: Path) -> BuildSystem:
    if table is None:
        return BuildSystem()
    if not isinstance(table, dict) or not _is_strings(table.get("requires")):
        raise _malformed(file, "[build-system]", "a table with a list of requirements, 'requires'")
    backend, path = table.get("build-backend", _LEGACY_BACKEND), table.get("backend-path", [])
    if not isinstance(backend, str) or not _is_strings(path):
        raise _malformed(file, "[build-system]", "build-backend a string, backend-path a list")
    return BuildSystem(requires=tuple(table["requires"]), backend=backend, backend_path=tuple(path))


def _static_part(project: Mapping[str, Any], build_system: BuildSystem, file: Path) -> Pyproject:
    dynamic = frozenset(project.get("dynamic", ()))
    version = None if "version" in dynamic else project.get("version")
    if version is not None and not isinstance(version, str):
        raise _malformed(file, "[project] version", "a string")
    optional = project.get("optional-dependencies", {})
    return Pyproject(
        build_system=build_system,
        name=project_name(project["name"], where=str(file)),
        version=normalized_version(version) if version is not None else None,
        requires=None
        if dynamic & {"dependencies", "optional-dependencies"}
        else _requires(project.get("dependencies", []), optional, file),
        extras=tuple(map(canonicalize_name, optional)) if isinstance(optional, dict) else (),
    )


def _requires(dependencies: object, optional: object, file: Path) -> tuple[str, ...]:
    """Write both tables the way core metadata has them."""
    if not _is_strings(dependencies):
        raise _malformed(file, "[project] dependencies", "a list of requirements")
    if not isinstance(optional, dict) or not all(map(_is_strings, optional.values())):
        raise _malformed(file, "[project.optional-dependencies]", "lists of requirements by name")
    groups: list[tuple[str | None, Iterable[str]]] = [(None, dependencies), *optional.items()]
    return tuple(_under_extra(text, extra, file) for extra, texts in groups for text in texts)


def _under_extra(text: str, extra: str | None, file: Path) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise LocalSetError(
            f"{file}: {text!r} is not a requirement: {error}", hint="correct that line"
        ) from None
    if extra is None:
        return text
    own = requirement.marker
    requirement.marker = None
    condition = f"({own}) and extra == '{extra}'" if own else f"extra == '{extra}'"
    # a URL ends at white space, so the space before the semicolon is needed (PEP 508)
    return f"{requirement} ; {condition}"


def _is_strings(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _malformed(file: Path, what: str, expected: str) -> LocalSetError:
    return LocalSetError(f"{file}: {what} is malformed; expected {expected}")
