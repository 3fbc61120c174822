"""Processes that threads wait for, and that a stop of the service ends."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["ChildProcesses"]


class ChildProcesses:
    """The processes of one part of a service; for any thread."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._changing = threading.Lock()
        self._is_stopped = False

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str,
        cwd: str | Path,
        env: Mapping[str, str],
        timeout_s: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``argv`` to its end, as `subprocess.run` does, or to that of `stop`.

        Raises `subprocess.TimeoutExpired` when its time is up; nothing of it runs on then.
        """
        with self._begun(argv, cwd, env) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout=timeout_s)
            finally:
                with self._changing:
                    self._running.discard(process)
                    _end(process)
        return subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)

    def stop(self) -> None:
        """End what runs, and whatever is run from now on."""
        with self._changing:
            self._is_stopped = True
            for process in self._running:
                _end(process)

    def _begun(
        self, argv: Sequence[str], cwd: str | Path, env: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
        with self._changing:
            self._running.add(process)
            if self._is_stopped:
                _end(process)
        return process


def _end(process: subprocess.Popen[str]) -> None:
    """Kill a process that was not waited for, with all that it started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
