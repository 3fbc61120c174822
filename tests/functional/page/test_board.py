"""A service watched from a terminal: once, and with the keys of a real one."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.faults.pipes import Pipe
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from support.pages.page_lab import PageLab

pytestmark = pytest.mark.slow


class Screen:
    """A terminal of 24 lines with ``park watch --all`` on it, and what it was sent."""

    def __init__(self, lab: PageLab) -> None:
        self._here, there = pty.openpty()
        client = lab.client
        self._process = subprocess.Popen(
            [client.python.with_name("park"), "watch", "--all"],
            stdin=there,
            stdout=there,
            stderr=there,
            env=client.environ() | {"TERM": "xterm", "LINES": "24", "COLUMNS": "100"},
            cwd=client.folder,
        )
        os.close(there)
        self._sent = ""

    def until(self, text: str) -> None:
        """Wait until ``text`` was drawn; what came before is done with."""
        end = time.monotonic() + LIMIT_S
        while text not in self._sent:
            ready, _, _ = select.select([self._here], [], [], max(end - time.monotonic(), 0))
            assert ready, self._sent
            self._sent += os.read(self._here, 1 << 16).decode(errors="replace")
        self._sent = ""

    def press(self, keys: str) -> None:
        """Type ``keys``."""
        os.write(self._here, keys.encode())

    def end(self) -> int:
        """Return the exit status, once all that it draws was read."""
        with suppress(OSError):  # the other end is closed
            while os.read(self._here, 1 << 16):
                pass
        os.close(self._here)
        return self._process.wait(LIMIT_S)


def test_a_job_is_watched_read_and_cancelled_from_the_keyboard(
    lab: PageLab, tmp_path: Path
) -> None:
    with Pipe(tmp_path / "up") as up, Pipe(tmp_path / "go") as go:
        held = {"up": str(up), "go": str(go)}
        job = lab.call("reduce_run", 4711, kwargs=held, label="the held one")
        lab.submit(job)
        assert up.receive() == "there"
        assert "the held one" in lab.client.run("watch", "--once").stdout
        screen = Screen(lab)
        screen.until("the held one")  # what runs is chosen first
        screen.press("\r")
        screen.until("log, as it is written")
        screen.press("q")
        screen.until("Running")
        screen.press("c")
        screen.until("Cancel the held one? y / n")
        screen.press("y")
        screen.until("the held one is cancelled")
        screen.press("q")
        assert screen.end() == 0
        assert lab.service.job_when_final(job["id"])["status"] == "cancelled"
