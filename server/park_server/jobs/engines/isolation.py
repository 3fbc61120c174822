"""What keeps jobs to themselves on this machine: found by trying, once at each start."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import park.runtime
from park.runtime.cage.trial import (
    ACCOUNT,
    COVERS,
    DOMAIN,
    FILTER,
    HIDDEN,
    JOBS,
    OWN_FOLDER,
    OWN_NETWORK,
    OWN_PROCESSES,
    SECRET,
    TEMPORARY,
)
from park.runtime.view import enter_command
from park_server.accounts.account import Account
from park_server.jobs.engines.control_groups import found_groups

__all__ = ["UNTRIED", "Isolation", "Isolations", "permitted_isolation", "permitted_isolations"]

_TRIAL_S = 30.0
"""How long the trial may take; it takes 60 ms."""


_ENDLESS = "jobs can have processes without end"


@dataclass(frozen=True, kw_only=True, slots=True)
class Isolation:
    """What holds for the jobs of a service.

    ``covers``: of its home they see what they need; ``own_folders``: of the folders of jobs
    each sees its own; ``domains``: they can signal no process outside of their own; ``processes``:
    there is an end to how many they can have; ``memory``: and to how much of that;
    ``processors``: they take no more of them than there are slots; ``filtered``:
    system calls that no job needs are refused; ``temporary``: they can have a /tmp of their own;
    ``hidden``: in /proc they see no process but those of their account; ``own_processes``: they
    can be in a namespace of processes, where others are not at all; ``own_network``: and in one
    of networks, with a loopback that is theirs;
    ``account``: they run as a user of the machine that is not root.
    """

    covers: bool
    own_folders: bool
    domains: bool
    processes: bool
    memory: bool
    processors: bool
    filtered: bool
    temporary: bool
    hidden: bool
    own_processes: bool
    own_network: bool
    account: bool

    @property
    def counts_processes(self) -> bool:
        """Whether processes of jobs have an end without control groups, in the service's account.

        They are in a user namespace, where the kernel counts them by themselves (since Linux
        5.14), but for root, whom it does not count.
        """
        return self.account and self.covers

    @property
    def gaps(self) -> tuple[str, ...]:
        """What cannot be kept apart here where all jobs run as one account, a line for each."""
        return (*self.between_users, *self._of_any_job)

    @property
    def _of_any_job(self) -> tuple[str, ...]:
        lines = (
            (self.processes or self.counts_processes, _ENDLESS),
            (self.memory, "jobs can have all of the machine's memory"),
            (self.processors, "jobs can take all processors, however few slots there are"),
            (self.filtered, "jobs can make every system call (no seccomp)"),
            (self.temporary, "jobs share /tmp and /dev/shm"),
            (
                self.hidden or self.own_processes,
                "jobs see in /proc what others run",
            ),
            (
                self.own_network,
                "jobs reach what this machine does: its loopback, its house, a cloud's credentials",
            ),
        )
        return tuple(line for holds, line in lines if not holds)

    @property
    def between_users(self) -> tuple[str, ...]:
        """What of two users cannot be kept apart here, a line for each, who have one account."""
        lines = (
            (self.covers, "jobs can read the service's token and database"),
            (self.own_folders, "jobs can read and change the folders of other jobs"),
            (self.domains, "jobs can signal the service and other jobs"),
        )
        return tuple(line for holds, line in lines if not holds)

    @property
    def within_a_user(self) -> tuple[str, ...]:
        """What cannot be kept apart here where each user has an account, a line for each."""
        lines = (
            (self.own_folders, "jobs of one user can read and change one another's folders"),
            (self.domains, "jobs of one user can signal one another"),
        )
        # an account has a limit of processes of its own, without control groups
        others = (line for line in self._of_any_job if line != _ENDLESS)
        return (*(line for holds, line in lines if not holds), *others)


@dataclass(frozen=True, kw_only=True, slots=True)
class Isolations:
    """What holds for jobs: of the service's ``own`` account, and of users with ``accounts``.

    Without those, ``why_no_accounts`` says why; None: this is not root, who alone could give them.
    ``on_nodes`` says what the nodes of a cluster do not keep apart, whatever this machine does, and
    ``reached_on_nodes`` what is reached there, which is a reason to refuse nobody.
    """

    own: Isolation
    accounts: Isolation | None = None
    why_no_accounts: str | None = None
    on_nodes: tuple[str, ...] = ()
    reached_on_nodes: tuple[str, ...] = ()

    def of(self, account: Account | None) -> Isolation:
        """Return what holds for jobs of an account; None: the service's own."""
        return self.own if account is None or self.accounts is None else self.accounts

    @property
    def gaps(self) -> tuple[str, ...]:
        """What cannot be kept apart here, a line for each."""
        elsewhere = (*self.on_nodes, *self.reached_on_nodes)
        if self.accounts is not None:
            return (*self.accounts.within_a_user, *elsewhere)
        why = self.why_no_accounts
        roots = () if why is None else (f"the jobs of all users run as root ({why})",)
        return (*roots, *self.own.gaps, *elsewhere)

    @property
    def between_users(self) -> tuple[str, ...]:
        """What of two users cannot be kept apart here, a line for each."""
        here = () if self.accounts is not None else self.own.between_users
        return (*here, *self.on_nodes)


UNTRIED = Isolation(
    covers=False,
    own_folders=False,
    domains=False,
    processes=False,
    memory=False,
    processors=False,
    filtered=False,
    temporary=False,
    hidden=False,
    own_processes=False,
    own_network=False,
    account=False,
)
"""Of a machine of which nothing is known: nothing is covered."""


def permitted_isolations(folder: Path, first: Account | None, why_none: str | None) -> Isolations:
    """Return what holds on this machine; ``first`` is an account that users may have.

    Where there is none, ``why_none`` says why not, if this is root.
    """
    own = permitted_isolation(folder)
    if first is None:
        return Isolations(own=own, why_no_accounts=why_none)
    try:
        tried = permitted_isolation(folder, first)
    except OSError as error:  # a container has few user ids, or a file system knows none
        why_none = f"nothing can belong to user id {first.uid} here: {error.strerror}"
        return Isolations(own=own, why_no_accounts=why_none)
    if tried.account:
        return Isolations(own=own, accounts=tried)
    return Isolations(
        own=own, why_no_accounts=f"as user id {first.uid} nothing can be started here"
    )


def permitted_isolation(folder: Path, account: Account | None = None) -> Isolation:
    """Return what a process like those of jobs can be kept from: with ``account``, or our own."""
    with TemporaryDirectory(prefix=".trial-", dir=folder) as trial:
        for name in (SECRET, f"{JOBS}/one", f"{JOBS}/other", TEMPORARY):
            Path(trial, name).mkdir(parents=True)
        Path(trial, SECRET, "file").touch()
        Path(trial, TEMPORARY, SECRET).touch()
        if account is not None:
            for each in (Path(trial), *Path(trial).rglob("*")):
                os.chown(each, *account.owner)
        found = _printed(trial, account)
    limited = found_groups().limited
    return Isolation(
        covers=COVERS in found,
        own_folders=OWN_FOLDER in found,
        domains=DOMAIN in found,
        processes="pids" in limited,
        memory="memory" in limited,
        processors="cpu" in limited,
        filtered=FILTER in found,
        temporary=TEMPORARY in found,
        hidden=HIDDEN in found,
        own_processes=OWN_PROCESSES in found,
        own_network=OWN_NETWORK in found,
        account=ACCOUNT in found,
    )


def _printed(trial: str, account: Account | None) -> set[str]:
    """Return what the trial prints: with all that is its own, or what of it can be."""
    machinery = park.runtime.__path__[0]
    reached = (trial, machinery, sys.prefix, sys.base_prefix)
    words = [
        *("alone", "own-folder", f"hide={trial}", f"keep={JOBS}"),
        *(f"reach={path}" for path in reached),
        *([] if account is None else [account.word]),
    ]
    tmp, processes = [f"tmp={trial}/{TEMPORARY}", f"keep={TEMPORARY}"], ["own-processes"]
    network = ["network=loopback"]
    if found := _run(trial, machinery, [*words, *tmp, *processes, *network]):
        return found
    ways = ([*tmp, *processes], processes, tmp, list[str]())
    tried = (_run(trial, machinery, [*words, *more]) for more in ways)
    rest = next(filter(None, tried), set()) - {OWN_NETWORK}  # a machine may have none itself
    return rest | (_run(trial, machinery, [*words, *network]) & {OWN_NETWORK})


def _run(trial: str, machinery: str, words: list[str]) -> set[str]:
    program = os.path.join(machinery, "__main__.py")  # noqa: PTH118 (a string)
    command = [
        *enter_command(sys.executable, program, trial, [], strict=False, cage=words),
        *(sys.executable, "-I", "-S", "-B", program, "trial", trial),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_TRIAL_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set(done.stdout.split())
