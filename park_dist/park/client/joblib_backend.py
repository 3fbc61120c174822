"""joblib's calls as jobs: ``joblib.parallel_config(backend="park")``.

joblib is no dependency of park. Its backends are found by name in a registry, to which this
one is added as soon as there is a service and joblib is loaded, whichever comes first, and by
`register_joblib`.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

from park.calling import service_named
from park.jobside import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["register_joblib", "register_when_loaded"]

_NAME = "park"
_REGISTRY = "joblib.parallel"

_MANY = 256
"""How many calls joblib may have under way where it is told -1: the service has the queue."""


def register_joblib() -> None:
    """Make ``backend="park"`` known to joblib.

    ``joblib.parallel_config(backend="park", service=service)``; without a service it is that
    of the block, else the default one. Further options are those of `Service.submit`. This
    happens by itself where `park.remote_service` is called and joblib is imported, in any order.
    """
    # the user's: park does not depend on it
    parallel = importlib.import_module(_REGISTRY)
    parallel.register_parallel_backend(_NAME, _backend_class())


register_joblib.__module__ = "park"


def register_when_loaded() -> None:
    """Do so where joblib is loaded, and has not been told yet; else once somebody loads it."""
    parallel = sys.modules.get(_REGISTRY)
    if parallel is None:
        if not any(isinstance(each, _WaitsForJoblib) for each in sys.meta_path):
            sys.meta_path.insert(0, _WaitsForJoblib())
    elif _NAME not in getattr(parallel, "BACKENDS", {_NAME: None}):
        register_joblib()


class _WaitsForJoblib(MetaPathFinder):
    """Finds nothing by itself; has joblib told of the backend when others have loaded it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec that there is without this, whose loader tells joblib at its end."""
        if fullname != _REGISTRY:
            return None
        sys.meta_path.remove(self)
        others = (each.find_spec(fullname, path, target) for each in list(sys.meta_path))
        spec = next((found for found in others if found is not None), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def loaded(module: ModuleType) -> None:
                load(module)
                with suppress(AttributeError):  # of a joblib that has no such registry
                    register_joblib()

            spec.loader.exec_module = loaded  # type: ignore[method-assign]
        return spec


class _ParkBackend:
    """Runs each call as a job of a service; what joblib itself asks of a backend is its base."""

    supports_retrieve_callback = True
    supports_inner_max_num_threads = False
    default_n_jobs = -1

    def __init__(
        self, service: Any = None, nesting_level: int | None = None, **options: Any
    ) -> None:
        super().__init__(nesting_level=nesting_level)  # type: ignore[call-arg]  # of joblib's base
        self._service = service
        self._options = options
        self._executor: Executor | None = None
        self._futures: list[Any] = []

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Return how many calls may be under way."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 has no meaning")
        return _MANY if n_jobs is None or n_jobs < 0 else n_jobs

    def configure(self, n_jobs: int = 1, parallel: Any = None, **_: Any) -> int:
        """Open the service for one `joblib.Parallel`."""
        self.parallel = parallel
        self._open()
        return self.effective_n_jobs(n_jobs)

    def _open(self) -> Executor:
        if self._executor is None:
            # by its public name: the service is above
            park = importlib.import_module("park")
            service = service_named(self._service) or park.remote_service()
            self._executor = service.executor(**self._options)
        return self._executor

    def submit(self, func: Any, callback: Callable[[Any], object] | None = None) -> Any:
        """Submit a batch of calls, which is one call unless joblib was told otherwise."""
        calls = func.items
        function, args, kwargs = calls[0] if len(calls) == 1 else (in_turn, (calls,), {})
        future = self._open().submit(function, *args, **kwargs)
        future.batch_size = len(calls)  # type: ignore[attr-defined]
        self._futures.append(future)
        if callback is not None:
            future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out: Any) -> list[Any]:
        """Return what the calls of a batch returned."""
        value = out.result()
        return [value] if out.batch_size == 1 else value

    def abort_everything(self, ensure_ready: bool = True) -> None:  # noqa: FBT001, FBT002 (as joblib has it)
        """Cancel what has not ended."""
        for future in self._futures:
            future.cancel()
        self.terminate()
        if ensure_ready:
            self._open()

    def terminate(self) -> None:
        """Take no more calls."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)
        self._executor, self._futures = None, []


def _backend_class() -> type:
    base = importlib.import_module(_REGISTRY).ParallelBackendBase
    return type("ParkBackend", (_ParkBackend, base), {})
