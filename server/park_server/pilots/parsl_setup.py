"""Parsl's executor for a service: from the operator's own configuration of Parsl, or from none."""

from __future__ import annotations

import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from parsl.config import Config
from parsl.dataflow.dflow import DataFlowKernel
from parsl.executors import HighThroughputExecutor
from parsl.executors.high_throughput.executor import DEFAULT_LAUNCH_CMD
from parsl.providers import LocalProvider

from park.errors import UsageError
from park_server.pilots import tied, tied_pool

__all__ = ["Pilots", "configuration", "started"]

_HEARTBEAT_S, _LOST_AFTER_S = 5, 20
"""How often a pilot of this machine tells that it is there, and when it is taken for lost."""

_INTERCHANGE, _POOL = "interchange.py", "process_worker_pool.py"
"""The programs of Parsl that it looks for on the PATH, which need not have them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pilots:
    """A running executor: how it takes a task, whether it is well, and how it is ended.

    ``capacity`` is how many workers there are now, on how many pilots.
    """

    submit: Callable[[dict[str, Any], bytes], Any]
    is_well: Callable[[], bool]
    capacity: Callable[[], tuple[int, int]]
    end: Callable[[], object]


def configuration(path: Path | None, workers: int) -> Config:
    """Return what ``path`` has as its ``config``; None: one pilot here, with so many workers.

    Raises `UsageError` for a file that has none with one HighThroughputExecutor.
    """
    if path is None:
        return Config(executors=[_local(workers)])
    try:
        found = runpy.run_path(str(path)).get("config")
    except Exception as error:  # the operator's own program
        raise UsageError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
    if not isinstance(found, Config) or _executor(found) is None:
        raise UsageError(
            f"{path} has no `config` with one HighThroughputExecutor",
            hint="config = parsl.Config(executors=[HighThroughputExecutor(provider=…)])",
        )
    return found


def _executor(config: Config) -> HighThroughputExecutor | None:
    executors = tuple(config.executors)
    is_one = len(executors) == 1 and isinstance(executors[0], HighThroughputExecutor)
    return cast("HighThroughputExecutor", executors[0]) if is_one else None


def _local(workers: int) -> HighThroughputExecutor:
    return HighThroughputExecutor(
        label="here",
        address="127.0.0.1",
        max_workers_per_node=workers,
        cores_per_worker=1e-6,  # as many as was said, whatever the machine has
        heartbeat_period=_HEARTBEAT_S,
        heartbeat_threshold=_LOST_AFTER_S,
        provider=LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1),  # type: ignore[no-untyped-call]
    )


def started(config: Config, run_dir: Path) -> Pilots:
    """Start Parsl with ``config``; what it writes is below ``run_dir``, without that of earlier."""
    shutil.rmtree(run_dir, ignore_errors=True)
    run_dir.mkdir(parents=True, mode=0o700)
    executor = _executor(config)
    assert executor is not None  # noqa: S101 (seen to by `configuration`)
    programs = Path(sys.executable).parent
    executor.interchange_launch_cmd = tied.command(str(programs / _INTERCHANGE))
    if executor.launch_cmd == DEFAULT_LAUNCH_CMD:
        pool = shlex.join(tied_pool.command(str(programs / _POOL)))
        executor.launch_cmd = DEFAULT_LAUNCH_CMD.replace(_POOL, pool, 1)
    executor.block_error_handler = _go_on
    config.run_dir = str(run_dir)
    config.initialize_logging = False
    kernel = DataFlowKernel(config)
    interchange = executor.interchange_proc
    return Pilots(
        submit=executor.submit_payload,
        is_well=lambda: not executor.bad_state_is_set and _runs(interchange),
        capacity=lambda: _capacity(executor.connected_managers()),
        end=kernel.cleanup,
    )


def _capacity(managers: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    active = [each for each in managers if each["active"]]
    return sum(each["worker_count"] for each in active), len(active)


def _runs(process: subprocess.Popen[bytes] | None) -> bool:
    return process is not None and process.poll() is None


def _go_on(*_: object) -> None:
    """Let blocks fail: others are asked for, and what ran there is found or told lost."""
