"""The folder of a job: what lies where in it, and how its records are written.

::

    call.json         arguments, written by the service before the start
    inputs/           files of the arguments: inputs/<sha256>/<name>
    attempt-<n>.json  who owns the n-th attempt: its process, or the service
    work/             the working directory; what the job leaves here are its files
    stdout, stderr    as the job and its subprocesses write them
    progress.jsonl    one JSON object per report
    outcome.json      result or error, written by the job itself
    exit.json         how the process ended, where it ended without an outcome

A record is written beside and moved into place, so that a reader sees all of it or nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["JobFolder", "read_record", "write_record"]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFolder:
    """The paths of one job's folder."""

    root: Path

    @property
    def call(self) -> Path:
        """The arguments."""
        return self.root / "call.json"

    @property
    def inputs(self) -> Path:
        """The files of the arguments."""
        return self.root / "inputs"

    @property
    def work(self) -> Path:
        """The working directory."""
        return self.root / "work"

    @property
    def stdout(self) -> Path:
        """Standard output."""
        return self.root / "stdout"

    @property
    def stderr(self) -> Path:
        """Standard error."""
        return self.root / "stderr"

    @property
    def progress(self) -> Path:
        """The progress reports."""
        return self.root / "progress.jsonl"

    @property
    def outcome(self) -> Path:
        """The job's own account of its end."""
        return self.root / "outcome.json"

    @property
    def exit(self) -> Path:
        """The fork server's account of an end without an outcome."""
        return self.root / "exit.json"

    def attempt(self, number: int) -> Path:
        """Return the path of the claim of one attempt."""
        return self.root / f"attempt-{number}.json"

    def claim(self, number: int, owner: dict[str, Any]) -> bool:
        """Claim an attempt for ``owner``; False where somebody owns it already.

        The link is created exclusively, so exactly one claimant wins, and it appears with
        its content: whoever loses can read who won.
        """
        beside = self.root / f".attempt-{number}.{os.getpid()}"
        beside.write_text(json.dumps(owner), encoding="utf-8")
        try:
            os.link(beside, self.attempt(number))
        except FileExistsError:
            return False
        finally:
            beside.unlink()
        return True


def write_record(path: Path, record: dict[str, Any], *, durable: bool = False) -> None:
    """Write ``record`` as JSON to ``path``, all or nothing; ``durable`` survives a power cut.

    The folder itself is not synchronised: a record that a power cut takes back was not
    reported to anybody yet, since the service commits what it reads from here.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(record, file, allow_nan=False)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    beside.replace(path)


def read_record(path: Path) -> dict[str, Any] | None:
    """Return the record at ``path``; None where there is none.

    A job may write anything into its folder: a link is not followed, and what is not a
    JSON object is no record.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
            record = json.load(file)
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None
