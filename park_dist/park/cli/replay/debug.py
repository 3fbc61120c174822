"""``park debug``: a job's call here, in its environment, with its inputs, in the debugger."""

from __future__ import annotations

import argparse
import signal
import subprocess
import tempfile
from contextlib import nullcontext
from pathlib import Path

from park.cli.options import add_service, service_of
from park.cli.output import tell

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park debug …7f3abc             the call that failed there fails here, and pdb opens at that line
  park debug …7f3abc --break     pdb opens at the first line of the call
  park debug …7f3abc -d look     keep its inputs, and what it writes, in the folder look
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job, or its end")
    parser.add_argument(
        "--break", dest="stop_first", action="store_true", help="open pdb where the call begins"
    )
    parser.add_argument(
        "-d",
        "--directory",
        metavar="FOLDER",
        help="a new folder to keep it in (else one that goes at the end)",
    )
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Bring the call here, and make it under the debugger."""
    from park.client.debugging.replay import brought
    from park.client.workflows.graph import job_named

    service = service_of(options)
    kept = options.directory
    place = tempfile.TemporaryDirectory(prefix="park-debug-") if kept is None else nullcontext(kept)
    with place as folder:
        replay = brought(service.transport, job_named(options.job), Path(folder).absolute())
        record = replay.record
        tell(
            f"{record.entry_point} of job {record.job}, in {record.lock_hash[:12]} on this machine"
        )
        command = replay.command(stop_first=options.stop_first)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the debugger
        try:
            return subprocess.run(command, env=replay.environ(), check=False).returncode
        finally:
            signal.signal(signal.SIGINT, before)
