"""Where numba keeps what it compiles: other environments with the same packages find it there.

numba has a folder for each path of a module, so each environment would compile anew, which takes
refl1d and bumps 13 s of processor for every edit of a model. The service says which modules are the
same in other environments, and by what name (see `park_server.envs.farm.shared_code`).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

__all__ = ["VARIABLE", "Sharing", "share_compiled_code"]

VARIABLE = "PARK_SHARED_CODE"
"""JSON: what names the packages that environments share, then what of site-packages is apart."""

_CACHING = "numba.core.caching"


class Sharing:
    """The modules in ``site``; what is in ``apart``, files and folders of it, shares nothing."""

    def __init__(self, site: str, digest: str, apart: Sequence[str]) -> None:
        self._site = site
        self._digest = digest
        self._apart = frozenset(apart)

    def folder_of(self, file: str) -> str | None:
        """Return the name of the folder for what is compiled of ``file``; None: of its path's."""
        path = os.path.abspath(file)  # noqa: PTH100 (as numba does)
        if not path.startswith(f"{self._site}/"):
            return None
        parts = path.removeprefix(f"{self._site}/").split("/")
        if parts[0] in self._apart:
            return None
        import hashlib  # where numba is there, and in no job without

        folder = "/".join(parts[:-1])
        name = hashlib.sha256(f"{self._digest}/{folder}".encode()).hexdigest()
        return f"{folder.rpartition('/')[2]}_{name[:40]}"


def share_compiled_code() -> None:
    """Have numba keep its code where the service says, from the moment that it is imported.

    Nothing happens where the service says nothing, or numba has no such classes as are known.
    """
    told = os.environ.get(VARIABLE)
    if not told:
        return
    digest, *apart = json.loads(told)
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    sharing = Sharing(f"{sys.prefix}/lib/{minor}/site-packages", digest, apart)
    sys.meta_path.insert(0, _WhenImported(_CACHING, lambda module: _place(module, sharing)))


class _WhenImported:
    """A finder that has something done when one module has been imported, and finds no other."""

    def __init__(self, name: str, then: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._then = then

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        loader: Any = None if spec is None else spec.loader
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._then(module)

            loader.exec_module = exec_module
        return spec


def _place(caching: ModuleType, sharing: Sharing) -> None:
    """Have the locator of ``sharing`` asked before those of numba."""
    classes = getattr(getattr(caching, "CacheImpl", None), "_locator_classes", None)
    names = ("UserProvidedCacheLocator", "_UserProvidedCacheLocator")  # since numba 0.62; before
    provided = next((vars(caching)[name] for name in names if name in vars(caching)), None)
    if isinstance(classes, list) and hasattr(provided, "get_suitable_cache_subpath"):
        classes.insert(0, _locator(provided, sharing))


def _locator(provided: Any, sharing: Sharing) -> Any:
    """Return a class like ``provided``, which keeps code in ``NUMBA_CACHE_DIR``."""

    class SharedCodeLocator(provided):  # type: ignore[misc]  # what a class of numba is
        @classmethod
        def from_function(cls, py_func: Any, py_file: str) -> Any:
            found = super().from_function(py_func, py_file)
            if found is not None:
                with suppress(OSError):
                    os.utime(found.get_cache_path())  # looked at: what nobody does is swept
            return found

        @classmethod
        def get_suitable_cache_subpath(cls, py_file: str) -> Any:
            return sharing.folder_of(py_file) or super().get_suitable_cache_subpath(py_file)

    return SharedCodeLocator
