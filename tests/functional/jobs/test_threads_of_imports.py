"""Threads that an import starts: jobs that a fork would leave without them get an interpreter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.faults.pipes import Pipe
    from support.services.park_client import Client, ModelTree
    from support.services.park_service import ParkService

STARTS_A_THREAD = """
import ctypes
_libc, _thread = ctypes.CDLL(None), ctypes.c_ulong()
_libc.pthread_create(ctypes.byref(_thread), None, _libc.pause, None)

ANSWER = """


def test_a_native_thread_of_an_import_means_a_fresh_interpreter_and_why_says_so(
    client: Client, model: ModelTree, answer: int
) -> None:
    model.edit("light_model.py", "\nANSWER = ", STARTS_A_THREAD)
    done = json.loads(client.run("run", "light_model:answer", "--json").stdout)
    assert done["result"] == answer
    said = client.run("why", done["id"]).stdout
    assert "in a fresh interpreter" in said
    assert "started a native thread" in said


def test_a_job_that_hangs_after_a_fork_is_told_of_fresh(
    installed: Client, service: ParkService, up: Pipe, go: Pipe
) -> None:
    arguments = ["--arg", f'up="{up.path}"', "--arg", f'go="{go.path}"', "--arg", 'runs="runs"']
    for more, is_told in (([], True), (["--fresh"], False)):
        job = installed.run(
            "submit", "light_model:hold", *arguments, "--timeout", "4", *more
        ).stdout.strip()
        error = service.job_when_final(job)["error"]
        assert error.startswith("ran longer than its 4 s and was stopped")
        assert ("--fresh gives it an interpreter of its own" in error) is is_told
