"""What cannot be sent: the way to it, what it is, and what to do."""

from __future__ import annotations

import ctypes
import functools
import os
import socket
import sqlite3
import sys
import threading
import types
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from park.client.by_value.module_ways import ModuleWays
from park.client.by_value.refusal import refusal_of
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import called
from park.errors import UsageError


def refused(function: Callable[..., Any]) -> UsageError:
    with pytest.raises(UsageError) as told:
        called(function, Sending(ModuleWays()))
    return told.value


def local(name: str, value: Any) -> Callable[[], Any]:
    """Return a function called fit whose global ``name`` is ``value``."""
    namespace: dict[str, Any] = {name: value, "__name__": "somewhere_else"}
    exec(f"def fit():\n    return {name}\n", namespace)  # noqa: S102 (a function of a script)
    made: Callable[[], Any] = namespace["fit"]
    return made


def test_the_way_leads_through_globals_and_what_they_hold(tmp_path: Path) -> None:
    with (tmp_path / "log.txt").open("w") as handle:
        config = SimpleNamespace(parts=[1, {"handle": handle}])
        error = refused(local("CONFIG", config))
    assert "fit cannot be sent: fit → CONFIG → parts → [1] → handle is an open file" in str(error)
    assert "log.txt" in str(error)
    assert "open it inside the function" in str(error.hint)


def test_closures_defaults_partials_and_methods_have_names() -> None:
    lock = threading.Lock()

    def outer() -> Any:
        return lambda: lock

    def with_default(*, kept: Any = lock) -> Any:
        return kept

    class Model:
        def __init__(self) -> None:
            self.guard = threading.Lock()

        def run(self) -> None:
            """Do nothing."""

    assert "→ lock is a lock of this process" in str(refused(outer()))
    assert "→ kept is a lock" in str(refused(with_default))
    assert "→ [0] is a lock" in str(refused(functools.partial(print, lock)))
    assert "→ self → guard is a lock" in str(refused(Model().run))


@pytest.mark.parametrize(
    ("make", "what", "remedy"),
    [
        (lambda: (n for n in range(3)), "a generator", "make a list of it"),
        (socket.socket, "a socket", "connect inside the function"),
        (lambda: sqlite3.connect(":memory:"), "a connection", "connect inside the function"),
        (threading.Thread, "of this process", "make it inside the function"),
    ],
    ids=["generator", "socket", "database", "thread"],
)
def test_what_belongs_to_this_process_is_told_with_a_remedy(
    make: Callable[[], Any], what: str, remedy: str
) -> None:
    value = make()
    try:
        error = refused(local("KEPT", value))
    finally:
        getattr(value, "close", lambda: None)()
    assert f"fit → KEPT is {what}" in str(error)
    assert remedy in str(error.hint)


def test_a_service_stays_here() -> None:
    from support.stand_ins.job_service import JobService

    error = refused(local("SERVICE", JobService().service))
    assert "fit → SERVICE is <Service http://one.example>" in str(error)
    assert "jobs have no client" in str(error.hint)


def test_what_a_job_will_leave_is_an_argument_and_no_global() -> None:
    from support.stand_ins.job_service import JobService

    job = JobService().bind().service.submit("m:f")
    reference = job.output["x"]
    told: list[tuple[Callable[..., Any], str]] = [
        (local("FIT", reference), "fit → FIT is <value['x'] of job"),
        (local("FIT", job), "fit → FIT is <Job "),
        (functools.partial(print, reference), "print → [0] is <value['x'] of job"),
        (lambda: reference, "→ reference is <value['x'] of job"),
    ]
    for function, message in told:
        error = refused(function)
        assert message in str(error)
        assert "is not known before that job has ended" in str(error)
        assert error.hint == "pass it as an argument of the call: in the job it is the value"


def test_the_session_of_ipython_is_told_as_what_commands_and_magics_work_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class InteractiveShell:
        """Has a database of its history, as that of IPython."""

        def __init__(self) -> None:
            self.history = threading.Lock()

        def get_ipython(self) -> Any:
            return self

    module = SimpleNamespace(InteractiveShell=InteractiveShell)
    monkeypatch.setitem(sys.modules, "IPython.core.interactiveshell", module)
    error = refused(local("get_ipython", InteractiveShell().get_ipython))
    assert "fit → get_ipython is the session of IPython, which !commands" in str(error)
    assert "subprocess.run" in str(error.hint)


def test_a_weak_reference_and_an_iterator_are_told_with_a_remedy() -> None:
    weak = refused(local("KEPT", weakref.ref(local)))
    assert "KEPT is a weak reference, " in str(weak)
    assert weak.hint == "pass what it refers to"
    with os.scandir() as rows:
        assert "make a list" in str(refused(local("KEPT", rows)).hint)


def test_a_module_that_no_job_could_import_is_told_here() -> None:
    module = types.ModuleType("made_by_hand")
    error = refused(local("KEPT", module))
    assert "KEPT is a module, <module 'made_by_hand'>" in str(error)
    assert "no job could import it" in str(error)
    assert "beside the script" in str(error.hint)


def test_a_module_that_was_put_where_imports_are_found_is_told_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = types.ModuleType("made_by_hand")
    monkeypatch.setitem(sys.modules, "made_by_hand", module)
    error = refused(local("KEPT", module))
    assert "KEPT is a module, <module 'made_by_hand'>" in str(error)
    assert "no job could import it" in str(error)


def test_an_object_whose_class_refers_to_what_is_of_here_is_not_told_to_be_that() -> None:
    base = sqlite3.connect(":memory:")

    class Model:
        def run(self) -> Any:
            return base

    try:
        error = refused(local("KEPT", Model()))
    finally:
        base.close()
    assert "fit → KEPT → Model → run → base is a connection, " in str(error)


def test_an_argument_is_told_by_its_name_and_what_it_holds_by_the_way_to_it() -> None:
    error = refusal_of("x → [0]", [threading.Lock()], TypeError("no"))
    assert str(error).startswith("x cannot be sent: x → [0] is a lock of this process, ")


def of(package: str, name: str) -> Any:
    """Return an object of a class that is called ``name`` in ``package``, which cannot be sent."""

    def reduce(self: object) -> Any:
        raise TypeError(f"cannot pickle {self}")

    return type(name, (), {"__module__": package, "__reduce__": reduce, "f": threading.Lock()})()


@pytest.mark.parametrize(
    ("package", "name", "what", "remedy"),
    [
        ("h5py._hl.base", "HLObject", "an open file, ", "open it inside the function"),
        ("netCDF4._netCDF4", "Dataset", "an open file, ", "open it inside the function"),
        ("PySide6.QtWidgets", "QWidget", "of a window of this process, ", "leave it out"),
        ("_tkinter", "tkapp", "of a window of this process, ", "pass the values that it shows"),
        ("multiprocessing.synchronize", "Lock", "of this process, ", "make it inside"),
        ("asyncio.unix_events", "_UnixSelectorEventLoop", "of this process, ", "make it inside"),
    ],
)
def test_files_windows_and_what_is_of_a_process_are_known_by_their_packages(
    package: str, name: str, what: str, remedy: str
) -> None:
    error = refused(local("KEPT", of(package, name)))
    assert f"fit → KEPT is {what}" in str(error)
    assert remedy in str(error.hint)


@pytest.mark.parametrize("which", ["library", "function"])
def test_a_library_that_is_loaded_here_is_told_here(which: str) -> None:
    library = ctypes.CDLL(None)
    error = refused(local("KEPT", library if which == "library" else library.getpid))
    assert "it is of a library that this process has loaded" in str(error)
    assert "make it inside the function" in str(error.hint)


@pytest.mark.parametrize("value", [threading.local(), ContextVar("kept")])
def test_what_is_of_a_thread_is_no_lock(value: Any) -> None:
    assert "KEPT is of this process, " in str(refused(local("KEPT", value)))
