"""``park usage``: what you have on a service, and how much you may have."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say
from park.model.sizes import shown_size
from park.wire import LimitRecord, QuotaRecord, encode

__all__ = ["EXAMPLES", "configure", "lines", "run"]

EXAMPLES = """examples:
  park usage                    your jobs, cores and disk, and their limits
  park usage --json
  park admin usage              of everybody, for who operates the service
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print what the user has."""
    record = service_of(options).quota()
    if options.json:
        print_json(encode(record))
        return 0
    for line in lines(record):
        say(line)
    return 0


def lines(record: QuotaRecord) -> Iterator[str]:
    """Yield what a user has, a line for each thing."""
    for limit in record.limits:
        used = f"{_named(limit):<24} {_shown(limit, limit.used):>10}{_limit(limit)}"
        yield f"{used}{_kinds(limit, record)}"
    if record.requests_per_s is not None:
        yield f"{'requests a second':<24} {record.requests_per_s:>10g}"
    if record.jobs_in_a_request is not None:
        yield f"{'jobs in one request':<24} {record.jobs_in_a_request:>10,.0f}"
    if record.share != 1:
        yield f"{'share of the slots':<24} {record.share:>10g}, where others have 1"


_NAMES = {"waiting": "jobs waiting", "running": "jobs running"}


def _named(limit: LimitRecord) -> str:
    name = _NAMES.get(limit.name, limit.name)
    return name if limit.group is None else f"{name}, {limit.group}"


def _limit(limit: LimitRecord) -> str:
    return ", no limit" if limit.limit is None else f" of {_shown(limit, limit.limit)}"


def _shown(limit: LimitRecord, value: float) -> str:
    return shown_size(int(value)) if limit.name == "disk" else f"{value:,.0f}"


def _kinds(limit: LimitRecord, record: QuotaRecord) -> str:
    if limit.name != "disk" or limit.group is not None:
        return ""
    kinds = ", ".join(f"{name} {shown_size(size)}" for name, size in record.disk.items() if size)
    return kinds and f" ({kinds})"
