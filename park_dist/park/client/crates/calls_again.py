"""``park reproduce``: the calls of a crate once more, and whether they left the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from park.client.access.transport import Transport
from park.client.crates.crate_records import CrateJob
from park.client.crates.read_crate import Crate
from park.client.crates.repetition import Reproduction, Run, compared
from park.client.report import Report
from park.model.parity.comparison import Tolerance

__all__ = ["reproduced"]


def reproduced(
    crate: Crate,
    folder: Path,
    tolerance: Tolerance,
    report: Report,
    *,
    transport: Transport | None = None,
) -> Iterator[Reproduction]:
    """Yield what came of each job of ``crate``, which is unpacked below ``folder``.

    Every call gets the inputs that it had, also those that another job of the crate left: where
    something differs, it begins there. They are made here, or on the service behind ``transport``.
    """
    crate.unpack(folder)
    run = _runner(crate, folder, transport, report)
    for job in crate.record.jobs:
        report.step(f"{job.label}, job {job.id}")
        yield compared(job, folder, run(job), tolerance)


def _runner(
    crate: Crate, folder: Path, transport: Transport | None, report: Report
) -> Callable[[CrateJob], Run]:
    if transport is not None:
        from park.client.crates.run_there import RunsThere

        return RunsThere(crate.record, folder, transport, report).run
    from park.client.crates.run_here import RunsHere

    return RunsHere(crate.record, folder).run
