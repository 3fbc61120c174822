"""One attempt on a node that shares nothing: what it needs comes, it runs, what it left goes back.

The service has the claim of the attempt, so wherever else a copy of this arrives, one runs. Once
the job has begun, the node waits for its service as long as it takes: the work is done.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import Any

from park.errors import ParkError
from park.model.lock_hash import LockHash
from park.runtime import processes
from park.runtime.child import UNCLAIMED
from park.runtime.folder import JobFolder
from park.runtime.view import enter_command
from park_server.content import ContentStore
from park_server.jobs.engines.fork_server_client import server_variables
from park_server.jobs.engines.runtime_copy import RuntimeCopy, copy_runtime
from park_server.on_node.bootstrap import (
    PATIENCE,
    TOKEN,
    UNREACHABLE,
    Link,
    Refused,
    Unreachable,
    give_up,
    leave,
)
from park_server.on_node.environment import realised
from park_server.on_node.mirror import Mirror
from park_server.untrusted import remove_if_possible

__all__ = ["main", "variables_of_job"]

_STEP_S = 0.5
"""Between two looks at what a job has written."""

_UNTIL_ANSWERED_S = 7 * 86_400.0
"""How long the node of a job that has begun waits for its service."""

_KEPT = ("SLURM", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
"""What variables begin with that a queue gives to its jobs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prepared:
    """What an attempt runs with: its folder, its environment, the machinery of jobs."""

    root: Path
    order: dict[str, Any]
    environment: Path
    runtime: RuntimeCopy
    cache: Path


def main() -> None:
    """Run the attempt of this process's token; its exit status is that of the job."""
    url, store = sys.argv[1], Path(sys.argv[2])
    link = Link.from_environ(url)
    try:
        prepared = _prepare(link, store)
        _claim(link)
    except Unreachable as error:
        leave(UNREACHABLE, str(error))
    except (ParkError, Refused, OSError, ValueError) as error:
        give_up(link, _line(error))
    link.patience_s = _UNTIL_ANSWERED_S
    try:
        sys.exit(_run(link, prepared))
    except Refused as error:  # the service has given the attempt up
        leave(1, str(error))
    except Unreachable as error:
        leave(UNREACHABLE, str(error))
    finally:
        remove_if_possible(prepared.root)  # a job may have left what no other program removes


def _line(error: Exception) -> str:
    text = error.message if isinstance(error, ParkError) else str(error) or type(error).__name__
    hint = getattr(error, "hint", None)
    return f"{text} ({hint})" if hint else text


def _prepare(link: Link, store: Path) -> _Prepared:
    """Bring what the attempt needs; nothing of the user's runs here."""
    told = link.json("GET", "order")
    order = told["order"]
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    environment = realised(
        store,
        lock=told["lock"],
        lock_hash=LockHash(told["lock_hash"]),
        python=told["python"],
        download=link.download,
    )
    root = store / "jobs" / f"{order['job_id']}.{order['attempt']}"
    remove_if_possible(root)
    root.mkdir(parents=True, mode=0o700)
    (root / "call.json").write_text(told["call"], encoding="utf-8")
    # it becomes the job's account of its end, also where the job leaves no file to be made
    Path(JobFolder(root=str(root)).outcome_ahead).touch()
    for each in told["inputs"]:
        place = root / "inputs" / each["sha256"]
        place.mkdir(parents=True)
        link.download(f"inputs/{each['sha256']}", place / each["name"], each["sha256"])
    cache = store / "cache" / "numba" / told["lock_hash"]
    cache.mkdir(parents=True, exist_ok=True)
    return _Prepared(
        root=root,
        order={**order, "directory": str(root)},
        environment=environment.path,
        runtime=copy_runtime(store / "runtime"),
        cache=cache,
    )


def _claim(link: Link) -> None:
    """Claim the attempt at the service; leaves where somebody else has it."""
    me = processes.identity(os.getpid())
    owner = {} if me is None else me.as_record()
    try:
        link.json("POST", "claim", owner)
    except Refused as error:
        if error.status == HTTPStatus.CONFLICT:
            leave(UNCLAIMED, str(error))
        raise


def _run(link: Link, prepared: _Prepared) -> int:
    # files by content, of this attempt alone: they go with its folder
    mirror = Mirror(link, prepared.root, ContentStore(prepared.root / "left"))
    child = subprocess.Popen(_command(prepared), env=_variables(prepared), start_new_session=True)

    def forward(number: int, _frame: FrameType | None) -> None:
        processes.signal_group(child.pid, signal.Signals(number))

    signal.signal(signal.SIGTERM, forward)
    try:
        while _runs(child):
            mirror.step()
    except Refused:
        processes.end_session(child.pid, 5.0)
        raise
    status = child.wait()
    mirror.end({"exit": _exit_of(prepared, status)})
    return 128 - status if status < 0 else status


def _runs(child: subprocess.Popen[bytes]) -> bool:
    """Wait a moment for the end of ``child``; tell whether it still runs."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(_STEP_S)
    return child.returncode is None


def _exit_of(prepared: _Prepared, status: int) -> dict[str, int | None]:
    """Return the account of an end, which is not written here: the disk may be full."""
    attempt = int(prepared.order["attempt"])
    code, number = (status, None) if status >= 0 else (None, -status)
    return {"attempt": attempt, "status": code, "signal": number}


def _command(prepared: _Prepared) -> list[str]:
    environment, program = prepared.environment, str(prepared.runtime.program)
    python = str(environment / "bin" / "python")
    read_only = [str(environment.parent), str(prepared.runtime.folder.parent)]
    enter = enter_command(python, program, str(environment), read_only, strict=False)
    return [*enter, python, "-I", "-B", program, "batch", json.dumps(prepared.order)]


def _variables(prepared: _Prepared) -> dict[str, str]:
    own = server_variables(os.environ, prepared.environment, prepared.runtime, prepared.cache)
    return variables_of_job(os.environ) | own


def variables_of_job(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a job sees of the variables of its node: those of its queue, and no secret."""
    hidden = {TOKEN, PATIENCE}
    return {
        name: value
        for name, value in environ.items()
        if name.startswith(_KEPT) and name not in hidden
    }
