"""``park queues``: the engines of a service, their partitions, and how busy they are."""

from __future__ import annotations

import argparse

from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say
from park.model.durations import shown_duration
from park.model.sizes import shown_size
from park.wire import API, QueueRecord, decode, encode

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park queues                            what there is, and what is taken of it
  park submit mymodel:fit --cpus 8 --walltime 2h
  park submit mymodel:fit --engine slurm --partition long
A job goes to the engine that it names, else to the first that gives what it asks; between pilots
and the queue of a cluster, by the time that is expected of it.
"""

_HEAD = ("engine", "cpus", "nodes", "gpus", "memory", "longest", "running", "waiting")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print a line for each engine, or for each partition of a cluster."""
    answer = service_of(options).transport.json("GET", f"{API}/queues")
    records = [decode(QueueRecord, each) for each in answer]
    if options.json:
        print_json([encode(record) for record in records])
        return 0
    rows = [_HEAD, *map(_row, records)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())
    return 0


def _row(record: QueueRecord) -> tuple[str, ...]:
    name = record.engine if record.partition is None else f"{record.engine}:{record.partition}"
    taken, there = record.cpus_taken, record.cpus
    return (
        f"{name} *" if record.is_default else name,
        "?" if taken is None or there is None else f"{taken}/{there}",
        str(record.nodes) if record.nodes else "?",
        str(record.gpus),
        "?" if record.memory_bytes is None else shown_size(record.memory_bytes),
        "-" if record.longest_s is None else shown_duration(record.longest_s),
        str(record.running),
        str(record.waiting),
    )
