"""How a module of here gets into a job: it is there, with its project, or by its source."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from park.errors import LocalSetError, NoDistribution, NotImportable
from park.runtime.by_value.courier import Way

if TYPE_CHECKING:
    from park.local.project import LocalProject

__all__ = ["ModuleWays", "Way", "file_of", "is_everywhere"]

_BY_VALUE = frozenset({"__main__", "__mp_main__"})
_OWN = frozenset({"park", "_park_runtime"})
_STANDARD = frozenset({*sys.stdlib_module_names, *sys.builtin_module_names}) - _BY_VALUE


class ModuleWays:
    """The ways of modules, each looked at once: of what is submitted together.

    ``look`` finds the project of a module, as `park.local.find.find` does.
    """

    def __init__(self, look: Callable[[str], LocalProject] | None = None) -> None:
        self._look = look or _project
        self._known: dict[str, Way] = {}
        self._projects: dict[str, LocalProject] = {}

    def way(self, module: str) -> Way:
        """Return the way of ``module``."""
        if is_everywhere(module):
            return Way.THERE
        if module.partition(".")[0] in _BY_VALUE:
            return Way.VALUE
        known = self._known.get(module)
        if known is None:
            known = self._known[module] = self._found(module)
        return known

    def brings(self, module: str, other: str) -> bool:
        """Tell whether what the project of ``module`` requires brings that of ``other``."""
        if not all(self.way(each) is Way.PROJECT for each in (module, other)):
            return False
        project, wanted = self._projects.get(module), self._projects.get(other)
        return project is not None and wanted is not None and wanted.name in _names(project)

    def _found(self, module: str) -> Way:
        if not all(name.isidentifier() for name in module.split(".")):
            return Way.VALUE  # as `runpy` calls what it runs: <run_path>
        if module not in sys.modules and _spec(module) is None:
            return Way.VALUE
        try:
            project = self._look(module)
        except NoDistribution:
            return Way.SOURCE if file_of(module) else Way.VALUE
        except NotImportable:
            return Way.VALUE
        except LocalSetError:  # told with the environment, by what looks closer
            return Way.PROJECT
        self._projects[module] = project
        return Way.SOURCE if _is_beside(module, project) else Way.PROJECT


def is_everywhere(module: str) -> bool:
    """Tell whether each job has ``module``: Python's own, or park's."""
    top = module.partition(".")[0]
    return top in _STANDARD or top in _OWN


@lru_cache(maxsize=64)  # by what it requires: all that a session asks of its own project
def _names(project: LocalProject) -> frozenset[str]:
    from park.local.closure import walked  # what few calls need

    return frozenset(each.name for each in walked(project).projects)


def file_of(module: str) -> Path | None:
    """Return the Python source of ``module``, imported or not, if it has one."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if module not in sys.modules:
        spec = _spec(module)
        file = spec.origin if spec is not None and spec.has_location else None
    return Path(file) if isinstance(file, str) and file.endswith(".py") else None


def _spec(name: str) -> ModuleSpec | None:
    """Find a module without importing anything."""
    parent, _, _ = name.rpartition(".")
    try:
        if not parent:
            return importlib.util.find_spec(name)
        places = getattr(sys.modules.get(parent), "__path__", None)
        if places is None:
            outer = _spec(parent)
            places = None if outer is None else outer.submodule_search_locations
        return None if places is None else PathFinder.find_spec(name, list(places))
    except (ImportError, ValueError, AttributeError):  # a stand-in without a spec, say
        return None


def _project(module: str) -> LocalProject:
    from park.local.find import find  # with all that reads the records of projects

    return find(module)


def _is_beside(module: str, project: LocalProject) -> bool:
    """Tell whether ``module`` only lies near a project: beside a script in its tree.

    A wheel of the tree does not have it, though its file is below the tree's folder.
    """
    from park.local.project import ProjectKind

    top = module.partition(".")[0]
    file = file_of(top)
    if file is None or project.root is None or project.kind is not ProjectKind.TREE:
        return False
    place = (file.parent.parent if file.name == "__init__.py" else file.parent).resolve()
    if place not in _script_folders():
        return False
    return place not in {project.root / where for where in ("", "src")} or not _may_have(
        project, top
    )


def _script_folders() -> set[Path]:
    """Return where modules lie that are imported only because a script lies there, too."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    folders = {Path.cwd()} | ({Path(script).parent} if isinstance(script, str) else set())
    return {folder.resolve() for folder in folders}


def _may_have(project: LocalProject, module: str) -> bool:
    """Tell whether a project may have the top-level ``module``, as far as its record says."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution(project.name)
    except PackageNotFoundError:
        return True
    said = found.read_text("top_level.txt")
    return said is None or module in said.split()
