"""``park get``: fetch a file that a job left."""

from __future__ import annotations

import argparse
from pathlib import Path, PurePosixPath

from park.cli.options import add_service, service_of

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park get 0199… fit.png
  park get 0199… fit.png -o film.png
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job")
    parser.add_argument("file", metavar="FILE", help="its name below the job's work directory")
    parser.add_argument("-o", "--output", type=Path, metavar="PATH", help="where to write it")
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Fetch the file and print where it is."""
    target = options.output or Path(PurePosixPath(options.file).name)
    if target.is_dir():
        target /= PurePosixPath(options.file).name
    service_of(options).job(options.job).fetch(options.file, target)
    print(target)
    return 0
