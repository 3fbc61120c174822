"""Bytecode for one interpreter, compiled by a few of its processes at once."""

from __future__ import annotations

import json
import os
import queue
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from park.errors import ServiceFault
from park_repo.wheelstore import compile_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

__all__ = ["BytecodeCompiler", "Compiler"]

_FILES_PER_REQUEST = 40
"""So that the modules of the largest wheel (scipy has 1,300) spread over all processes."""


class Compiler(Protocol):
    """What the wheel store needs to know of an interpreter, and to have done by it."""

    @property
    def python(self) -> str:
        """The minor, such as ``"3.11"``."""

    @property
    def cache_tag(self) -> str:
        """`sys.implementation.cache_tag`, such as ``"cpython-311"``."""

    def compile(
        self, root: Path, files: Iterable[str], progress: Callable[[int], object]
    ) -> dict[str, str]:
        """Compile ``files`` under ``root``; return the SHA-256 of each bytecode file by path.

        ``progress`` is called with the number of files done since the last call.
        """


class BytecodeCompiler:
    """Compiles with processes of ``executable``: one per core, each for many files.

    A process per wheel would pay an interpreter's start for each of them. The processes
    start when they are first needed and end with the ``with`` block. Thread-safe.
    """

    def __init__(
        self, executable: Path, *, python: str, cache_tag: str, processes: int | None = None
    ) -> None:
        self.python = python
        self.cache_tag = cache_tag
        self._executable = executable
        self._threads = ThreadPoolExecutor(processes or len(os.sched_getaffinity(0)))
        self._idle: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, after what was asked of them."""
        self._threads.shutdown(cancel_futures=True)
        for process in self._started:
            process.communicate()

    def compile(
        self, root: Path, files: Iterable[str], progress: Callable[[int], object]
    ) -> dict[str, str]:
        """Compile ``files`` under ``root``; see `Compiler`."""
        names = list(files)
        chunks = [
            names[i : i + _FILES_PER_REQUEST] for i in range(0, len(names), _FILES_PER_REQUEST)
        ]
        pending = [self._threads.submit(self._request, root, chunk) for chunk in chunks]
        digests: dict[str, str] = {}
        for chunk, future in zip(chunks, pending, strict=True):
            digests.update(future.result())
            progress(len(chunk))
        return digests

    def _request(self, root: Path, files: list[str]) -> dict[str, str]:
        """Have one idle process compile ``files``."""
        try:
            process = self._idle.get_nowait()
        except queue.Empty:
            process = self._start()
        assert process.stdin is not None  # noqa: S101 (opened as pipes below)
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(json.dumps({"root": str(root), "files": files}) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise ServiceFault(
                f"the process of {self._executable} that compiles bytecode ended"
                f" with status {process.wait()} while it compiled files of {root.name}"
            )
        self._idle.put(process)
        return dict(json.loads(answer))

    def _start(self) -> subprocess.Popen[str]:
        script = compile_modules.__file__
        process = subprocess.Popen(
            [self._executable, "-I", "-S", "-B", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._started.append(process)
        return process
