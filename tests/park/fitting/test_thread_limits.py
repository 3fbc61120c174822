"""Threads of numerical libraries: how each is told."""

from __future__ import annotations

import os

import pytest

from park.fitting import thread_limits
from park.fitting.thread_limits import VARIABLES, limit_threads, setters_of


@pytest.mark.parametrize(
    ("library", "setter"),
    [
        ("/e/numpy.libs/libscipy_openblas64_-ff65.so", "scipy_openblas_set_num_threads64_"),
        ("/usr/lib/libopenblas.so.0", "openblas_set_num_threads"),
        ("/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0", "omp_set_num_threads"),
        ("/opt/libmkl_rt.so.2", "MKL_Set_Num_Threads"),
    ],
)
def test_a_library_is_known_by_its_name(library: str, setter: str) -> None:
    assert setter in setters_of(library)


def test_others_are_let_alone() -> None:
    assert setters_of("/usr/lib/x86_64-linux-gnu/libc.so.6") == ()
    assert setters_of("/home/openblas/libm.so") == ()


def test_what_is_loaded_is_told_and_what_comes_later_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []

    class Library:
        def __init__(self, path: str) -> None:
            assert path == "/usr/lib/libgomp.so.1"

        def omp_set_num_threads(self, count: object) -> None:
            told.append(getattr(count, "value", 0))

    for variable in VARIABLES:
        monkeypatch.setenv(variable, "8")
    monkeypatch.setattr(thread_limits, "_loaded", lambda: ["/usr/lib/libgomp.so.1"])
    monkeypatch.setattr("ctypes.CDLL", Library)
    limit_threads(2)
    assert told == [2]
    assert {os.environ[variable] for variable in VARIABLES} == {"2"}
