"""The file of a ``__main__`` that has none, for the processes that a job starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from park.runtime.by_value import spawned
from park.runtime.by_value.spawned import Main, remember, script, unpickled_again


def file_seen_by(module: str, main: ModuleType) -> str:
    """Return the file of ``main`` as code of ``module`` sees it."""
    namespace = {"__name__": module, "main": main}
    exec("seen = main.__file__", namespace)  # noqa: S102 (code of another module)
    return str(namespace["seen"])


@pytest.fixture
def pickles(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    found: list[bytes] = []
    monkeypatch.setattr(spawned, "_pickles", found)
    return found


def test_the_file_is_there_for_processes_that_are_started_anew_alone(pickles: list[bytes]) -> None:
    main = Main("__main__")
    assert not hasattr(main, "__file__")
    with pytest.raises(AttributeError, match="no attribute '__file__'"):
        file_seen_by("inspect", main)
    main.__file__ = "fit.py"
    assert main.__file__ == vars(main)["__file__"] == "fit.py"
    remember(b"a pickle")
    for starts in ("multiprocessing.spawn", "joblib.externals.loky.backend.spawn"):
        path = Path(file_seen_by(starts, main))
        assert repr(pickles) in path.read_text()
        compile(path.read_text(), str(path), "exec")
        spawned._remove(str(path), 0)
        assert path.exists()
        path.unlink()
    assert main.__file__ == "fit.py"


def test_large_data_is_not_kept_twice(
    pickles: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawned, "_LARGEST", 3)
    for data in (b"abc", b"abcd"):
        remember(data)
    assert pickles == [b"abc"]


def test_what_the_pickles_make_is_what_the_functions_know(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", made)
    names = unpickled_again([b"x", b"y"], lambda data: setattr(made, data.decode(), data))
    assert names == {"x": b"x", "y": b"y"}


def test_a_file_goes_with_its_process() -> None:
    path = Path(script())
    spawned._remove(str(path), os.getpid())
    assert not path.exists()
