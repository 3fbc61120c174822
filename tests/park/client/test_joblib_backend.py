"""joblib's backend, against a joblib that has no more than what it asks of a backend."""

from __future__ import annotations

import importlib
import sys
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import park
from park.client import joblib_backend


class Base:
    """What joblib's `ParallelBackendBase` keeps."""

    def __init__(self, nesting_level: int | None = None) -> None:
        self.nesting_level = nesting_level


class Service:
    """Runs each call at once, and notes how it was opened."""

    def __init__(self) -> None:
        self.opened: list[dict[str, Any]] = []
        self.closed = 0
        self.cancelled = 0

    def called(self) -> None:
        """Be a service: see `park.calling.service_named`."""

    def executor(self, **options: Any) -> Service:
        self.opened.append(options)
        return self

    def submit(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        future: Any = Future()
        future.set_result(function(*args, **kwargs))
        future.cancel = self._cancel
        return future

    def _cancel(self) -> None:
        self.cancelled += 1

    def shutdown(self, *, wait: bool) -> None:
        assert not wait
        self.closed += 1


@pytest.fixture
def joblib(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Have a joblib loaded; return its registry of backends."""
    backends: dict[str, Any] = {}
    top, parallel = ModuleType("joblib"), ModuleType("joblib.parallel")
    parallel.ParallelBackendBase = Base  # type: ignore[attr-defined]
    parallel.BACKENDS = backends  # type: ignore[attr-defined]
    parallel.register_parallel_backend = backends.__setitem__  # type: ignore[attr-defined]
    top.parallel = parallel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "joblib", top)
    monkeypatch.setitem(sys.modules, "joblib.parallel", parallel)
    return backends


def test_it_is_known_as_soon_as_there_is_a_service(joblib: dict[str, Any]) -> None:
    park.remote_service("http://127.0.0.1:9")
    assert set(joblib) == {"park"}


def test_nothing_is_imported_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "joblib", raising=False)
    monkeypatch.delitem(sys.modules, "joblib.parallel", raising=False)
    waiting = joblib_backend._WaitsForJoblib
    others = [each for each in sys.meta_path if not isinstance(each, waiting)]
    monkeypatch.setattr(sys, "meta_path", others)
    joblib_backend.register_when_loaded()
    assert "joblib" not in sys.modules


def test_a_joblib_that_is_imported_later_knows_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "joblib"
    package.mkdir()
    (package / "__init__.py").write_text("from joblib.parallel import BACKENDS\n")
    (package / "parallel.py").write_text(
        "class ParallelBackendBase:\n    pass\n\n"
        "BACKENDS = {}\nregister_parallel_backend = BACKENDS.__setitem__\n"
    )
    waiting = joblib_backend._WaitsForJoblib
    others = [each for each in sys.meta_path if not isinstance(each, waiting)]
    monkeypatch.setattr(sys, "meta_path", others)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("joblib", "joblib.parallel"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    before = len(sys.meta_path)
    for _ in range(2):
        joblib_backend.register_when_loaded()
    assert len(sys.meta_path) == before + 1
    assert set(importlib.import_module("joblib").BACKENDS) == {"park"}
    assert len(sys.meta_path) == before
    for name in ("joblib", "joblib.parallel"):
        monkeypatch.delitem(sys.modules, name)


def test_each_call_is_a_job_and_a_batch_is_one(joblib: dict[str, Any]) -> None:
    park.register_joblib()
    service = Service()
    backend = joblib["park"](service=service, timeout=3)
    assert backend.configure(n_jobs=-1) > 1
    assert backend.effective_n_jobs(2) == 2
    assert service.opened == [{"timeout": 3}]
    done: list[Any] = []
    one = backend.submit(SimpleNamespace(items=[(pow, (2, 3), {})]), done.append)
    two = backend.submit(SimpleNamespace(items=[(pow, (2,), {"exp": n}) for n in (1, 2)]))
    assert done == [one]
    assert [backend.retrieve_result_callback(each) for each in (one, two)] == [[8], [2, 4]]
    backend.abort_everything(ensure_ready=False)
    assert (service.cancelled, service.closed) == (2, 1)
    with pytest.raises(ValueError, match="n_jobs == 0"):
        backend.effective_n_jobs(0)
