"""A real Slurm of one's own: a controller and a few nodes, all on this machine."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from support.neighbours.ports import free_port
from support.session.limits import LIMIT_S

__all__ = ["PROGRAMS", "SlurmCluster", "missing_programs"]

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
"""Of Debian's packages munge, slurmctld, slurmd and slurm-client."""

_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"

_PAUSE_S = 0.1
"""Between two questions: Slurm tells nobody of its own accord."""

_CONF = """\
ClusterName=park
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={root}/munge.sock
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.%n.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.%n.log
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1
KillWait=2
InactiveLimit=0
SlurmdTimeout=10
MinJobAge={min_job_age}
Licenses=matlab:1
DefMemPerCPU=100
{nodes}
PartitionName=main Nodes=ALL Default=YES DefaultTime=60 MaxTime=INFINITE State=UP
PartitionName=short Nodes={first} DefaultTime=1 MaxTime=5 State=UP
"""


def missing_programs() -> list[str]:
    """Return those of the `PROGRAMS` that this machine has not."""
    return [name for name in PROGRAMS if shutil.which(name, path=_PATH) is None]


class SlurmCluster:
    """A cluster below ``root``, whose path is short; a context manager that ends all of it.

    Each of its ``nodes`` pretends to have 8 cores; `environ` is what commands need. Nodes see
    nothing of the folders ``hidden``, for which this has to be root.
    """

    def __init__(
        self,
        root: Path,
        *,
        nodes: int = 2,
        min_job_age: int = 300,
        hidden: Sequence[Path] = (),
    ) -> None:
        self.root = root
        self._hidden = hidden
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self.conf = root / "slurm.conf"
        ports = [free_port() for _ in range(nodes + 1)]
        for folder in (root, root / "state", root / "spool"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
        self.conf.write_text(
            _CONF.format(
                host=socket.gethostname().partition(".")[0],
                user=getpass.getuser(),
                root=root,
                ports=ports,
                min_job_age=min_job_age,
                first=self.nodes[0],
                nodes="\n".join(
                    f"NodeName={name} NodeHostname={socket.gethostname().partition('.')[0]} "
                    f"NodeAddr=127.0.0.1 Port={port} CPUs=8 Boards=1 SocketsPerBoard=1 "
                    "CoresPerSocket=8 ThreadsPerCore=1 RealMemory=8000 State=UNKNOWN"
                    for name, port in zip(self.nodes, ports[1:], strict=True)
                ),
            )
        )
        key = root / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)

    @property
    def environ(self) -> dict[str, str]:
        """What Slurm's commands need to find it."""
        return {**os.environ, "SLURM_CONF": str(self.conf), "PATH": _PATH}

    def __enter__(self) -> Self:
        self.command(
            "munged",
            f"--socket={self.root}/munge.sock",
            f"--key-file={self.root}/munge.key",
            f"--pid-file={self.root}/munged.pid",
            f"--log-file={self.root}/munged.log",
            f"--seed-file={self.root}/munge.seed",
        )
        self.start_controller()
        for node in self.nodes:
            self.start_node(node)
        self.until(lambda: self._states().count("idle") == len(self.nodes))
        return self

    def __exit__(self, *_: object) -> None:
        self.command("scancel", f"--user={getpass.getuser()}", "--full", check=False)
        for node in self.nodes:
            self.kill_node(node)
        for name in ("slurmctld", "munged"):
            self._kill(self.root / f"{name}.pid")

    def command(self, *words: str, check: bool = True) -> str:
        """Run one of Slurm's commands, and return what it prints."""
        done = subprocess.run(
            words, env=self.environ, capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
        assert not check or done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def start_controller(self, *options: str) -> None:
        """Start slurmctld, and wait until it answers."""
        self.command("slurmctld", *options)
        self.until(lambda: bool(self.command("sinfo", "--noheader", check=False)))

    def stop_controller(self) -> None:
        """Stop slurmctld, which saves its state first.

        Killed with -9 it would forget the last seconds, and give the number of a job that runs to
        another, which no node takes.
        """
        self._kill(self.root / "slurmctld.pid", signal.SIGTERM)

    def kill_controller(self) -> None:
        """``kill -9`` slurmctld, which forgets its last seconds: jobs that it has started, too."""
        self._kill(self.root / "slurmctld.pid")

    def until_settled(self, job: str) -> None:
        """Wait until a controller has all nodes again, and has started or forgotten the job."""

        def is_settled() -> bool:
            lines = self.command("squeue", "-h", "--states=all", "-o", "%j|%T", check=False)
            of_job = [line for line in lines.splitlines() if f"park-{job}." in line]
            return "unk" not in " ".join(self._states()) and not any(
                line.endswith("|PENDING") for line in of_job
            )

        self.until(is_settled)

    def start_node(self, node: str) -> None:
        """Start the slurmd of ``node``."""
        command = ["slurmd", "-N", node]
        if self._hidden:
            cover = 'for each; do mount -t tmpfs none "$each" || exit 1; done'
            script = f'node=$1; shift; {cover}; exec slurmd -N "$node"'
            hidden = map(str, self._hidden)
            command = ["unshare", "--mount", "sh", "-c", script, "sh", node, *hidden]
        self.command(*command)

    def kill_node(self, node: str) -> None:
        """``kill -9`` the slurmd of ``node``; jobs go on."""
        self._kill(self.root / f"slurmd.{node}.pid")

    def batch_of(self, job: str) -> str:
        """Wait until Slurm has a batch job of the job ``job`` of a service; return its id."""
        return self.batch_named(f"park-{job}.")

    def batch_named(self, name: str) -> str:
        """Wait until Slurm has a batch job whose name begins so; return the id of the newest."""
        found: list[str] = []

        def is_there() -> bool:
            lines = self.command("squeue", "-h", "--states=all", "-o", "%i|%j", check=False)
            found[:] = [line.partition("|")[0] for line in lines.splitlines() if f"|{name}" in line]
            return bool(found)

        self.until(is_there)
        return max(found, key=int)

    def count_of(self, job: str) -> int:
        """Return how many batch jobs there were of the job ``job`` of a service."""
        lines = self.command("squeue", "-h", "--states=all", "-o", "%j")
        return sum(f"park-{job}." in line for line in lines.splitlines())

    def until(self, holds: object) -> None:
        """Wait until ``holds()``."""
        assert callable(holds)
        deadline = time.monotonic() + LIMIT_S
        while not holds():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(_PAUSE_S)

    def logs(self) -> str:
        """Return the last lines of the daemons' logs."""
        return "\n".join(
            f"{path.name}: {line}"
            for path in sorted(self.root.glob("*.log"))
            for line in path.read_text(errors="replace").splitlines()[-10:]
        )

    def _states(self) -> list[str]:
        return self.command("sinfo", "-h", "-N", "-p", "main", "-o", "%T", check=False).split()

    def _kill(self, pid_file: Path, number: int = signal.SIGKILL) -> None:
        with suppress(OSError, ValueError):
            pid = int(pid_file.read_text())
            os.kill(pid, number)
            deadline = time.monotonic() + LIMIT_S
            while _is_running(pid) and time.monotonic() < deadline:
                time.sleep(_PAUSE_S)
        pid_file.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    """Tell whether it runs; a zombie, which a container's first process may leave, does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}
