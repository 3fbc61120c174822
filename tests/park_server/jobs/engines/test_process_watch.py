"""The end of a process wakes whoever waits for it, also where it came first."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator

import pytest
from support.session.limits import LIMIT_S

from park_server.jobs.engines.process_watch import ProcessWatches


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when it is told to."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        yield process


def end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (names alone)


def test_an_end_is_told_once_when_it_comes(process: subprocess.Popen[bytes]) -> None:
    async def test() -> None:
        watches, ends = ProcessWatches(), asyncio.Queue[int]()
        before = open_descriptors()
        watches.watch(process.pid, lambda: ends.put_nowait(process.pid))
        assert open_descriptors() == before + 1
        assert ends.empty()
        end(process)
        assert await asyncio.wait_for(ends.get(), LIMIT_S) == process.pid
        assert open_descriptors() == before - 1  # that of the watch and the pipe are closed
        assert ends.empty()

    asyncio.run(test())


def test_an_end_that_came_before_is_told_as_well(process: subprocess.Popen[bytes]) -> None:
    end(process)
    process.wait()

    async def test() -> None:
        ended = asyncio.Event()
        ProcessWatches().watch(process.pid, ended.set)
        assert not ended.is_set()  # never from inside of the call
        await asyncio.wait_for(ended.wait(), LIMIT_S)

    asyncio.run(test())


def test_whoever_has_stopped_waiting_hears_nothing(process: subprocess.Popen[bytes]) -> None:
    async def test() -> None:
        watches, others, heard, over = ProcessWatches(), ProcessWatches(), [], asyncio.Event()
        watches.watch(process.pid, lambda: heard.append("stopped"))
        others.watch(process.pid, over.set)
        watches.close()
        end(process)
        await asyncio.wait_for(over.wait(), LIMIT_S)
        assert heard == []

    asyncio.run(test())
