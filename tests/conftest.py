"""How all tests run: side by side, under one profile of Hypothesis, saying how far they are."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from support.labs.databases import KIND_VARIABLE, remove_those_below
from support.neighbours.postgresql import SERVER_VARIABLE, server
from support.session.compiled_ahead import compile_tests
from support.session.file_order import file_of, files_in_order, noted_seconds
from support.session.files_together import FilesTogether
from support.session.progress import Progress
from support.session.shared_folder import shared_folder

# no test may fail because the machine is slow; what Hypothesis generates is what counts
settings.register_profile("park", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("park")

# every program that a test starts would compile what it imports, again and again
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_MOST_WORKERS = 8
"""More would wait for the longest file; each has a service and virtualenvs of its own."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests of databases run on another kind of them."""
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="what tests of databases run on (sqlite); those of the other kind alone stay there",
    )
    parser.addoption(
        "--note-seconds",
        action="store_true",
        help="note how long files take, by which the next runs order them",
    )
    parser.addoption(
        "--run-slow",
        action="store_true",
        help="run the tests marked slow, too: further cases of what others show",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for; order the files.

    What looks into SQLite where another database is meant, and what is slow. Where workers take
    the files: they begin in the order in which they are here.
    """
    if os.environ.get(KIND_VARIABLE) == "postgresql":
        _leave_out("of_sqlite", config, items)
    if not (config.getoption("run_slow") or _names_files(config)):
        _leave_out("slow", config, items)
    if hasattr(config, "workerinput"):
        files = files_in_order((item.nodeid for item in items), noted_seconds())
        places = {file: place for place, file in enumerate(files)}
        items.sort(key=lambda item: places[file_of(item.nodeid)])


def _leave_out(marker: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if item.get_closest_marker(marker) is not None]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item.get_closest_marker(marker) is None]


def _names_files(config: pytest.Config) -> bool:
    return all(Path(argument.partition("::")[0]).is_file() for argument in config.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Remove the databases of a test that has ended: those of a server are in no folder of it."""
    result = yield
    if os.environ.get(KIND_VARIABLE) == "postgresql" and isinstance(item, pytest.Function):
        folder = item.funcargs.get("tmp_path")
        if isinstance(folder, Path):
            remove_those_below(folder)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is imported and collected out of the way of the garbage collector: it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(report: pytest.TestReport) -> Generator[None, Any, Any]:
    """Let logs with half a surrogate pair come from a worker: what travels is UTF-8."""
    if hasattr(report, "sections"):
        report.sections = [
            (name, text.encode("utf-8", "backslashreplace").decode())
            for name, text in report.sections
        ]
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a skipped test fail where ``PARK_TEST_REQUIRE`` is ``all``: the machine lacks something.

    Continuous integration sets it, so that no test is left out there and nobody sees it. What
    a machine may lack is marked ``where_possible``.
    """
    report = yield
    is_required = os.environ.get("PARK_TEST_REQUIRE") == "all"
    if report.skipped and is_required and item.get_closest_marker("where_possible") is None:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"PARK_TEST_REQUIRE=all, but: {reason}"
    return report


def pytest_unconfigure() -> None:
    """Let failed submissions of tests, of which nobody asked, not be those of pytest itself."""
    module = sys.modules.get("park.client.submission.every_outbox")
    if module is not None:
        module.every_outbox.failed.clear()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many files run side by side: none where files are named, or output is wanted.

    Three times as many as there are cores, since tests wait for programs that wait: with two, a
    core was idle for 40 % of a run; with four, what computes was starved.
    """
    if _names_files(config) or config.getoption("capture") == "no":
        return 0
    return min(3 * len(os.sched_getaffinity(0)), _MOST_WORKERS)


@pytest.hookimpl(trylast=True)  # when the terminal's own reporter is there
def pytest_configure(config: pytest.Config) -> None:
    """Say how far the tests are, where pytest itself would only print dots."""
    is_worker = hasattr(config, "workerinput")
    shared_folder()  # before there are workers, which inherit it
    if not is_worker and config.getoption("database") == "postgresql":
        os.environ[KIND_VARIABLE] = "postgresql"  # which workers inherit
        os.environ[SERVER_VARIABLE] = str(server().folder)
    if config.getoption("dist") != "no" and not is_worker and config.get_verbosity() <= 0:
        config.pluginmanager.register(Progress(config), "park-progress")
    if config.getoption("dist") != "no" and not is_worker and _is_whole(config):
        compile_tests()


def _is_whole(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether | None:
    """Return what gives whole files to workers, and to one worker those that share much."""
    return FilesTogether(config, log) if config.getoption("dist") == "loadfile" else None
