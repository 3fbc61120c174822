"""``park versions``: what the service has, and how each version differs from here."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from park.cli.moments import local_second
from park.cli.options import NEWEST, add_all, add_json, add_service, service_of
from park.cli.output import print_json, say, say_all
from park.client.choosing.versions import ServiceVersion
from park.errors import UsageError
from park.model.pins import is_tree_version
from park.model.sizes import shown_size

if TYPE_CHECKING:
    from park.client.service import Service

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park versions              of every project
  park versions mymodel      of one, with the differences to what is installed here
  park versions --nearest mymodel                    the nearest to here first, and why
  park versions --nearest mymodel --job mymodel:fit  what its runs import weighs most
"""

_SHOWN = 8
"""Differences printed for each version; --json has them all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("project", nargs="?", metavar="PROJECT", help="only of this project")
    parser.add_argument(
        "--nearest", action="store_true", help="the nearest to what is installed here first"
    )
    parser.add_argument(
        "--job",
        metavar="MODULE:FUNCTION",
        help="with --nearest: the job that is meant, what its runs imported there weighs most",
    )
    add_all(parser)
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print one line for each version, its differences below it."""
    service = service_of(options)
    if options.nearest:
        return _nearest(service, options)
    versions = service.versions(options.project, newest=None if options.all else NEWEST)
    if options.json:
        print_json([version.as_json() for version in versions])
        return 0
    if not versions:
        say(_none_of(service, options.project))
    for version in versions:
        _print(version)
        if version.record.older:
            say(f"… and {version.record.older} older {_kind(version)} (--all)")
    return 0


def _nearest(service: Service, options: argparse.Namespace) -> int:
    """Print what there is in its order, with the reason of each place."""
    from park.client.choosing.version_lines import lines_of

    if options.project is None:
        raise UsageError("--nearest: nearest to what?", hint="park versions --nearest PROJECT")
    found = service.nearest_versions(options.project, entry_point=options.job)
    if options.json:
        print_json([each.as_json() for each in found])
        return 0
    if not found:
        say(_none_of(service, options.project))
    for number, each in enumerate(found, start=1):
        say_all(lines_of(each, f"{number}  "))
    return 0


def _none_of(service: Service, project: str | None) -> str:
    """Say that there is none, and what brings one."""
    line = f"{service.url} has no version of {project or 'any project'}"
    return f"{line}: park install {project or 'MODULE'} brings the one that is installed here"


def _kind(version: ServiceVersion) -> str:
    what = "edits" if is_tree_version(version.record.version) else "releases"
    return f"{what} of {version.record.project}"


def _print(version: ServiceVersion) -> None:
    record = version.record
    marks = {True: "matches here", False: "differs from here", None: "not installed here"}
    size = f"{shown_size(record.size_bytes)} ({shown_size(record.own_bytes)} its own)"
    say(
        f"{record.project} {record.version}  Python {record.python}  {record.status}"
        f"  {record.packages} packages, {size}  {marks[version.matches_local]}"
    )
    say(f"  lock {record.lock_hash}")
    say(f"  by {record.installed_by}, last used {local_second(record.last_used) or 'never'}")
    for difference in version.differences[:_SHOWN]:
        say(f"  {difference}")
    if len(version.differences) > _SHOWN:
        say(f"  … and {len(version.differences) - _SHOWN} more differences")
