"""``park submit``: submit a job and return at once."""

from __future__ import annotations

import argparse

from park.cli.options import add_submission, service_of, submitted
from park.cli.output import print_json, say

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park submit mymodel:prefit_simulation --arg n=2000
  park submit mymodel:fit --file data=run.txt --arg steps=100
  park submit mymodel:fit --with film-plugin    with a project that nothing requires
  park submit mymodel:fit --lock 3f9a…          in the environment of that lock
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_submission(parser)


def run(options: argparse.Namespace) -> int:
    """Submit and print the id."""
    job = submitted(service_of(options), options)
    if options.json:
        print_json({"id": job.id})
    else:
        say(job.id)
    return 0
