"""``park get``: fetch a file that a job left."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path, PurePosixPath

from park.cli.options import add_service, service_of
from park.cli.output import say

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park get 0199… fit.png
  park get 0199… fit.png -o film.png
  park get 0199… fit.csv -o - | head
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job, or its end")
    parser.add_argument("file", metavar="FILE", help="its name below the job's work directory")
    parser.add_argument("-o", "--output", metavar="PATH", help="where to write it; - is stdout")
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Fetch the file and print where it is, or the file itself."""
    job = service_of(options).job(options.job)
    if options.output == "-":
        job.transport.copy(job.route_of(options.file), sys.stdout.buffer.write)
        return 0
    target = _target(options.output, PurePosixPath(options.file).name)
    job.fetch(options.file, target)
    say(str(target))
    return 0


def _target(output: str | None, name: str) -> Path:
    """Return where a file ``name`` goes; what ends in a slash is a folder, also where it is not."""
    if output is None:
        return Path(name)
    return Path(output, name) if output.endswith("/") or Path(output).is_dir() else Path(output)
