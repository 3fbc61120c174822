"""Blocks and threads: a call goes to the service or is refused, and never silently runs here."""

from __future__ import annotations

import multiprocessing
import os
import queue
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

from park import blocks
from park.blocks import entered, left, not_in_doubt, reach_threads
from park.calling import called, current_service
from park.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def client() -> None:
    reach_threads()


class Service:
    """Says that a call came to it, and from which process."""

    def called(self, *_: Any) -> str:
        return "submitted"


@contextmanager
def block() -> Iterator[Service]:
    service = Service()
    entered(service)
    try:
        yield service
    finally:
        left(service)


def fit(number: int = 0) -> str:
    """Stand for a job: what a call of it comes to."""
    return str(called(fit, frozenset(), (number,), {}, lambda _: "here"))


def test_a_pool_of_threads_that_is_made_in_a_block_is_in_it() -> None:
    with block(), ThreadPoolExecutor(2) as pool:
        assert list(pool.map(fit, range(4))) == ["submitted"] * 4
    assert fit() == "here"


def test_a_pool_that_was_there_before_is_in_the_block_for_what_is_submitted_in_it() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(fit, 1).result() == "here"
        with block():
            assert pool.submit(fit, 1).result() == "submitted"
        assert pool.submit(fit, 1).result() == "here"


def test_what_was_submitted_in_a_block_belongs_to_it_also_after_its_end() -> None:
    go = threading.Event()

    def late() -> str:
        assert go.wait(LIMIT_S)
        return fit()

    with ThreadPoolExecutor(1) as pool:
        with block():
            future = pool.submit(late)
        go.set()
        assert future.result(LIMIT_S) == "submitted"


def test_a_call_that_was_submitted_outside_runs_here_whatever_is_open() -> None:
    go = threading.Event()

    def late() -> str:
        assert go.wait(LIMIT_S)
        return fit()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(late)
        with block():
            go.set()
            assert future.result(LIMIT_S) == "here"


def test_threads_and_other_pools_of_them_are_in_the_block_that_starts_them() -> None:
    seen: list[object] = []
    with block() as service:
        thread = threading.Thread(target=lambda: seen.append(current_service()))
        timer = threading.Timer(0, lambda: seen.append(current_service()))
        for each in (thread, timer):
            each.start()
            each.join()
        assert seen == [service, service]
        with ThreadPool(2) as pool:
            assert pool.map(fit, range(3)) == ["submitted"] * 3


@pytest.fixture
def worker() -> Iterator[tuple[queue.Queue[Any], queue.Queue[Any]]]:
    """A thread that is there before any block, and calls a job when it is told to."""
    asked: queue.Queue[Any] = queue.Queue()
    answers: queue.Queue[Any] = queue.Queue()

    def work() -> None:
        while asked.get() is not None:
            try:
                answers.put(fit())
            except UsageError as error:
                answers.put(error)

    thread = threading.Thread(target=work, name="old")
    thread.start()
    yield asked, answers
    asked.put(None)
    thread.join()


def test_a_thread_of_which_nobody_knows_is_refused_while_a_block_is_open(
    worker: tuple[queue.Queue[Any], queue.Queue[Any]],
) -> None:
    asked, answers = worker
    asked.put("before")
    assert answers.get(timeout=LIMIT_S) == "here"
    with block():
        asked.put("inside")
        error = answers.get(timeout=LIMIT_S)
    assert "the thread 'old'" in error.message
    assert "service.map" in error.hint
    asked.put("after")
    assert answers.get(timeout=LIMIT_S) == "here"


def test_who_has_left_a_block_is_outside_whoever_is_in_one() -> None:
    def own() -> None:
        with block():
            pass
        not_in_doubt()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(own)
        with block():
            future.result(LIMIT_S)


def test_blocks_inside_one_that_is_left_are_left() -> None:
    outer = Service()
    entered(outer)
    entered(Service())
    left(outer)
    assert not blocks._open


@pytest.mark.parametrize("made", ["before", "inside"])
def test_forked_processes_of_a_pool_are_refused_in_a_block(made: str) -> None:
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        if made == "before":
            assert pool.submit(fit).result(LIMIT_S) == "here"
        with block(), pytest.raises(UsageError, match="of a pool"):
            pool.submit(fit).result(LIMIT_S)


SPAWNED = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from park.blocks import entered, left, reach_threads
from park.calling import called

class Service:
    def called(self, *_):
        return "submitted"

def fit():
    return called(fit, frozenset(), (), {}, lambda: "here")

if __name__ == "__main__":
    reach_threads()
    service = Service()
    before = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    print(before.submit(fit).result())
    entered(service)
    print(type(before.submit(fit).exception()).__name__)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        print(type(pool.submit(fit).exception()).__name__)
    left(service)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        print(pool.submit(fit).result())
"""


def test_fresh_processes_of_a_pool_are_refused_in_a_block(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SPAWNED))
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    assert done.stdout.split() == ["here", "UsageError", "UsageError", "here"]


def test_without_a_file_in_memory_a_variable_tells_the_processes_of_a_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocks, "_shared", None)
    monkeypatch.delenv("PARK_IN_BLOCK", raising=False)
    with block():
        assert os.environ["PARK_IN_BLOCK"] == str(os.getpid())
    assert "PARK_IN_BLOCK" not in os.environ
    monkeypatch.setenv("PARK_IN_BLOCK", "1")
    assert blocks._is_told()
    monkeypatch.setenv("PARK_IN_BLOCK", "0:0")  # it has ended
    assert not blocks._is_told()


def test_a_program_that_is_started_in_a_block_is_not_in_it() -> None:
    code = (
        "from park.calling import called; print(called(int, frozenset(), (), {}, lambda: 'here'))"
    )
    with block():
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
    assert done.stdout.strip() == "here"
