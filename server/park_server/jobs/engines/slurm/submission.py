"""How an attempt becomes a batch job: names, options and the script, from values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park_server.jobs.engines.engine import StartOrder

__all__ = ["EXTRA", "SCRIPT", "job_of_name", "name_of", "sbatch_options"]

_NAME = re.compile(r"park-([0-9a-zA-Z-]+)\.(\d+)")

EXTRA = frozenset(
    f"--{name}"
    for name in (
        *("acctg-freq", "cluster-constraint", "comment", "constraint", "contiguous", "core-spec"),
        *("cores-per-socket", "cpu-freq", "distribution", "exclude", "exclusive", "gres"),
        *("gres-flags", "hint", "mail-type", "mail-user", "mem-bind", "mem-per-cpu", "mincpus"),
        *("network", "nice", "nodelist", "ntasks", "ntasks-per-node", "oversubscribe", "power"),
        *("prefer", "priority", "qos", "reservation", "sockets-per-node", "spread-job"),
        *("switches", "threads-per-core", "tmp", "wckey"),
    )
)
"""Options of sbatch(1) that a job may give: those that say where it runs, and none of those that
say what is run, as whom, or where its output goes."""

SCRIPT = """#!/bin/sh
# FOLDER ATTEMPT COMMAND...: runs the command, forwards TERM, and writes down how it ended
folder=$1 attempt=$2
shift 2
child= term=
trap 'term=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM
"$@" &
child=$!
[ -z "$term" ] || kill -TERM "$child" 2>/dev/null
wait "$child"
status=$?
while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    status=$?
done
if [ -n "$term" ]; then  # a wait that it interrupted may have reaped the command as well
    wait "$child"
    again=$?
    [ "$again" -eq 127 ] || status=$again
fi
signal=null code=$status
if [ "$status" -gt 128 ]; then signal=$((status - 128)) code=null; fi
if [ "$status" -ne 75 ]; then  # 75: somebody else has the attempt, and writes this down
    beside="$folder/.exit.json.$SLURM_JOB_ID"
    printf '{"attempt": %s, "status": %s, "signal": %s}\\n' "$attempt" "$code" "$signal" \\
        >"$beside" && mv -f "$beside" "$folder/exit.json"
fi
exit "$status"
"""
"""The batch script of every attempt. What is moved into its place is there whole, on NFS too."""

_MEGABYTE = 1 << 20


def name_of(order: StartOrder) -> str:
    """Return the name of the batch job of ``order``, by which it is found again."""
    return f"park-{order.job_id}.{order.attempt}"


def job_of_name(name: str) -> tuple[JobId, int] | None:
    """Return whose batch job has ``name``, and of which attempt; None for any other."""
    found = _NAME.fullmatch(name)
    return None if found is None else (JobId(found[1]), int(found[2]))


def sbatch_options(
    order: StartOrder, partition: str | None, *, folder: str, output: str
) -> list[str]:
    """Return the options of sbatch for ``order``; ``partition`` is that of jobs that name none.

    ``folder`` is where it runs, ``output`` the file that it writes to. Not requeued
    by Slurm, whatever its configuration: it would run twice without anybody's word.
    """
    return [
        "--parsable",
        "--no-requeue",
        "--kill-on-invalid-dep=yes",
        f"--job-name={name_of(order)}",
        f"--chdir={folder}",
        f"--output={output}",
        *_asked(order.resources, order.resources.partition or partition),
    ]


def _asked(asked: Resources, partition: str | None) -> Sequence[str]:
    options = [f"--nodes={asked.nodes}", f"--cpus-per-task={asked.cpus}"]
    if asked.nodes > 1:
        options.append("--ntasks-per-node=1")
    if asked.memory_bytes is not None:
        options.append(f"--mem={-(-asked.memory_bytes // _MEGABYTE)}M")
    if asked.gpus:
        options.append(f"--gres=gpu:{asked.gpus}")
    if asked.walltime_s is not None:
        options.append(f"--time={_time(asked.walltime_s)}")
    if partition is not None:
        options.append(f"--partition={partition}")
    if asked.account is not None:
        options.append(f"--account={asked.account}")
    if asked.licenses:
        counts = ",".join(f"{name}:{count}" for name, count in asked.licenses.items())
        options.append(f"--licenses={counts}")
    return [*options, *asked.extra]


def _time(seconds: float) -> str:
    """Return a time limit for sbatch, rounded up: it counts whole minutes."""
    minutes = max(1, -(-int(-(-seconds // 1)) // 60))
    return str(minutes)
