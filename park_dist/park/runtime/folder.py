"""The folder of a job: what lies where in it, and how its records are written.

::

    call.json         arguments, written by the service, where they are too large for an order
    inputs/           files of the arguments: inputs/<sha256>/<name>
    attempt-<n>       who owns the n-th attempt: its process, or the service
    work/             the working directory; what the job leaves here are its files
    stdout, stderr    as the job and its subprocesses write them
    progress.jsonl    one JSON object per report
    marks.json        what ``@park.job`` says of the callable, where it says something
    stop              there once the service asks the job to stop and keep its best
    outcome.json      result or error, written by the job itself
    .outcome.json     what is to become that, where it was made ahead
    used.json         what the job used, as far as its process noted it, where that is wanted
    used-base.json    what its fork server had used before, where it was forked
    exit.json         how the process ended, where it ended without an outcome

A record is written beside and moved into place, so that a reader sees all of it or nothing.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

__all__ = ["JobFolder", "read_claim", "read_record", "write_record"]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFolder:
    """The paths of one job's folder, as plain strings: a forked child pays for every page.

    `pathlib` would cost it a quarter of a millisecond in page faults.
    """

    root: str

    @property
    def call(self) -> str:
        """The arguments."""
        return f"{self.root}/call.json"

    @property
    def inputs(self) -> str:
        """The files of the arguments."""
        return f"{self.root}/inputs"

    @property
    def work(self) -> str:
        """The working directory."""
        return f"{self.root}/work"

    @property
    def stdout(self) -> str:
        """Standard output."""
        return f"{self.root}/stdout"

    @property
    def stderr(self) -> str:
        """Standard error."""
        return f"{self.root}/stderr"

    @property
    def progress(self) -> str:
        """The progress reports."""
        return f"{self.root}/progress.jsonl"

    @property
    def marks(self) -> str:
        """What ``@park.job`` says of the callable."""
        return f"{self.root}/marks.json"

    @property
    def stop(self) -> str:
        """There once the service asks the job to stop and keep its best."""
        return f"{self.root}/stop"

    @property
    def outcome(self) -> str:
        """The job's own account of its end."""
        return f"{self.root}/outcome.json"

    @property
    def outcome_ahead(self) -> str:
        """The empty file that becomes the outcome, where one was made ahead."""
        return f"{self.root}/.outcome.json"

    @property
    def used(self) -> str:
        """The job's own account of what it used."""
        return f"{self.root}/used.json"

    @property
    def used_base(self) -> str:
        """The account of the fork server that forked it, shared with its other jobs."""
        return f"{self.root}/used-base.json"

    @property
    def exit(self) -> str:
        """The fork server's account of an end without an outcome."""
        return f"{self.root}/exit.json"

    def attempt(self, number: int) -> str:
        """Return the path of the claim of one attempt."""
        return f"{self.root}/attempt-{number}"

    def claim(self, number: int, owner: dict[str, Any]) -> bool:
        """Claim an attempt for ``owner``; False where somebody owns it already.

        The claim is the target of a symbolic link: one system call makes it, exclusively
        and with its content, so exactly one claimant wins and the others can read who did.
        Whoever owns it already may claim it again. NFS needs that: where the answer is lost, the
        kernel asks once more, and finds the link that it has made itself.
        """
        path, target = self.attempt(number), json.dumps(owner)
        try:
            os.symlink(target, path)  # noqa: PTH211 (see the class)
        except FileExistsError:
            return _target(path) == target
        return True


def _target(path: str) -> str | None:
    try:
        return os.readlink(path)  # noqa: PTH115 (see `JobFolder`)
    except OSError:
        return None


def read_claim(path: str) -> dict[str, Any] | None:
    """Return who owns an attempt; None where nobody does yet."""
    try:
        owner = json.loads(os.readlink(path))  # noqa: PTH115 (see `JobFolder`)
    except (OSError, ValueError, RecursionError):
        return None
    return owner if isinstance(owner, dict) else None


def write_record(path: str, record: dict[str, Any], ahead: str | None = None) -> None:
    """Write ``record`` as JSON to ``path``, all or nothing.

    The file ``ahead`` becomes that, where there is one, and no other process uses it: to make
    one may take a millisecond. Not synchronised to disk: a record that a power cut takes back
    was not reported to anybody yet, since the service commits what it reads from here.
    """
    data = json.dumps(record, allow_nan=False).encode()
    descriptor, beside = _opened_beside(path, ahead)
    with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor)
        file.write(data)
    try:
        os.replace(beside, path)  # noqa: PTH105 (see `JobFolder`)
    except IsADirectoryError:  # a job is in the way of its own cancel, or of its own end
        os.replace(path, f"{path}.{os.urandom(8).hex()}")  # noqa: PTH105
        os.replace(beside, path)  # noqa: PTH105


def _opened_beside(path: str, ahead: str | None) -> tuple[int, str]:
    """Return a descriptor of an empty file that may become ``path``, and its name."""
    empty = os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC
    if ahead is not None:
        with suppress(OSError):  # a job may have put anything in its place, also a pipe
            return os.open(ahead, empty | os.O_NOFOLLOW | os.O_NONBLOCK), ahead
    folder, _, name = path.rpartition("/")
    beside = f"{folder}/.{name}.{os.getpid()}"
    anew = empty | os.O_CREAT | os.O_EXCL  # no link, no pipe of a job is opened
    try:
        return os.open(beside, anew, 0o644), beside
    except FileExistsError:  # of a process that was killed, or a job that wants to be in the way
        beside = f"{beside}.{os.urandom(8).hex()}"
        return os.open(beside, anew, 0o644), beside


def read_record(path: str) -> dict[str, Any] | None:
    """Return the record at ``path``; None where there is none.

    A job may write anything into its folder: a link is not followed, and what is not a
    JSON object is no record.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 (a descriptor)
            record = json.loads(file.readall())
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
