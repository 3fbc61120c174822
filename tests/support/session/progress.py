"""How far the tests are, for people: each file as it ends, each failure, what takes long."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest
from support.session.file_order import file_of, noted_seconds, write_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Progress"]

_Status = tuple[str, Any, Any]
"""A category, the letter and the word for it."""

_SILENCE_S = 20.0
"""After so long without a line, what runs is told."""

_WEIGHTS = {"tests/functional/": 60}
"""How many others take as long as one of these: 1.9 s and 30 ms on average, as measured."""


class Progress:
    """Takes the place of pytest's dots where several workers run files side by side.

        [ 34%] tests/functional/jobs/test_jobs.py: 17 tests, 21 s
        [ 35%] FAILED tests/functional/jobs/test_fetch.py::test_a_cut
        [ 35%] running for 42 s: tests/functional/jobs/test_refl1d.py::test_the_fit

    pytest tells the failures themselves, and the sums, at the end as always.
    """

    def __init__(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        assert isinstance(reporter, pytest.TerminalReporter)
        self._reporter = reporter
        self._notes_seconds = bool(config.getoption("note_seconds"))
        self._total = 1
        self._done = 0
        self._tests: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._running: dict[str, float] = {}
        self._has_spoken = threading.Event()
        self._is_over = False
        self._lock = threading.Lock()
        self._teller = threading.Thread(target=self._tell_what_runs, daemon=True)

    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Learn what there is, from the first worker that knows; each has the same."""
        del node
        if self._teller.ident is None:  # there may be no test
            self._total = sum(map(_weight_of, ids))
            self._tests = Counter(map(file_of, ids))
            self._open = self._tests.copy()
            self._teller.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember when a test began."""
        with self._lock:
            self._running[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Count a test; tell of its file when that is done."""
        file = file_of(nodeid)
        with self._lock:
            self._seconds[file] += time.monotonic() - self._running.pop(nodeid)
        self._done += _weight_of(nodeid)
        self._open[file] -= 1
        if self._open[file] == 0:
            self._say(f"{file}: {_count(self._tests[file])}, {self._seconds[file]:.0f} s")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell a failure at once."""
        if report.failed:
            self._say(f"{'FAILED' if report.when == 'call' else 'ERROR'} {report.nodeid}")

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, _Status, _Status]:
        """Keep pytest from printing a letter for each test; its summary has all words."""
        category, letter, word = yield
        return (category, letter, word) if self._is_over else (category, "", "")

    def pytest_sessionfinish(self) -> None:
        """Tell no more."""
        self._is_over = True
        self._has_spoken.set()
        if self._notes_seconds:
            write_seconds(noted_seconds() | self._seconds)

    def _tell_what_runs(self) -> None:
        while not self._is_over:
            if not self._has_spoken.wait(_SILENCE_S):
                self._say(*self._lasting())
            self._has_spoken.clear()

    def _lasting(self) -> list[str]:
        now = time.monotonic()
        with self._lock:
            running = sorted(self._running.items(), key=lambda item: item[1])
        return [f"running for {now - began:.0f} s: {nodeid}" for nodeid, began in running]

    def _say(self, *lines: str) -> None:
        percent = 100 * self._done // self._total
        for line in lines:
            self._reporter.write_line(f"[{percent:3}%] {line}")
        self._has_spoken.set()


def _weight_of(nodeid: str) -> int:
    return next((each for path, each in _WEIGHTS.items() if nodeid.startswith(path)), 1)


def _count(tests: int) -> str:
    return "1 test" if tests == 1 else f"{tests} tests"
