"""Try in a process that went the way in what a job could be kept from, and print it."""

from __future__ import annotations

import os

from ..machine.routes import leads_nowhere  # noqa: TID252 (named otherwise in environments)
from . import landlock, own_processes, system_calls
from .own_folder import OwnFolder

__all__ = [
    "ACCOUNT",
    "COVERS",
    "DOMAIN",
    "FILTER",
    "HIDDEN",
    "JOBS",
    "OWN_FOLDER",
    "OWN_NETWORK",
    "OWN_PROCESSES",
    "SECRET",
    "TEMPORARY",
    "main",
]

SECRET, JOBS = "secret", "jobs"
"""In the folder of a trial: what is to be covered, and two folders, of jobs."""

COVERS, OWN_FOLDER, DOMAIN, FILTER = "covers", "own-folder", "domain", "filter"
ACCOUNT, TEMPORARY, HIDDEN = "account", "tmp", "hidden"
OWN_PROCESSES, OWN_NETWORK = "own-processes", "own-network"
"""What is printed, a line for each that is to be had."""


def main(folder: str) -> None:
    """Print what holds here, for the folder of a trial."""
    if not os.path.exists(f"{folder}/{SECRET}/file"):  # noqa: PTH110 (as everywhere in here)
        print(COVERS)  # noqa: T201
    if os.geteuid() != 0 and os.access(f"{folder}/{JOBS}/one", os.W_OK | os.X_OK):
        print(ACCOUNT)  # noqa: T201
    if os.path.exists(f"/tmp/{SECRET}"):  # noqa: PTH110, S108
        print(TEMPORARY)  # noqa: T201
    if not os.path.exists(f"/proc/{os.getppid()}"):  # noqa: PTH110
        print(HIDDEN)  # noqa: T201
    if os.getpid() == own_processes.SECOND:
        print(OWN_PROCESSES)  # noqa: T201
    if leads_nowhere():
        print(OWN_NETWORK)  # noqa: T201
    if landlock.is_available():
        print(DOMAIN)  # noqa: T201
    if system_calls.is_available():
        print(FILTER)  # noqa: T201
    print(flush=True)  # noqa: T201 (before the fork, which would print it again)
    if _has_own_folder(f"{folder}/{JOBS}"):
        print(OWN_FOLDER)  # noqa: T201


def _has_own_folder(jobs: str) -> bool:
    child = os.fork()
    if child == 0:
        try:
            OwnFolder(jobs).open(f"{jobs}/one")
            seen = os.listdir(jobs)  # noqa: PTH208
        except BaseException:  # noqa: BLE001 (whatever it is, it is not to be had)
            seen = []
        os._exit(0 if seen == ["one"] else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
