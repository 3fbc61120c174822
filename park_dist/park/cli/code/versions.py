"""``park versions``: what the service has, and how each version differs from here."""

from __future__ import annotations

import argparse

from park.cli.options import NEWEST, add_all, add_json, add_service, print_json, service_of
from park.client.installs.versions import ServiceVersion
from park.model.pins import is_tree_version
from park.model.sizes import shown_size

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park versions              of every project
  park versions mymodel      of one, with the differences to what is installed here
"""

_SHOWN = 8
"""Differences printed for each version; --json has them all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("project", nargs="?", metavar="PROJECT", help="only of this project")
    add_all(parser)
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print one line for each version, its differences below it."""
    service = service_of(options)
    versions = service.versions(options.project, newest=None if options.all else NEWEST)
    if options.json:
        print_json([version.as_json() for version in versions])
        return 0
    if not versions:
        what = options.project or "any project"
        print(f"{service.url} has no version of {what}")
    for version in versions:
        _print(version)
        if version.record.older:
            print(f"… and {version.record.older} older {_kind(version)} (--all)")
    return 0


def _kind(version: ServiceVersion) -> str:
    what = "edits" if is_tree_version(version.record.version) else "releases"
    return f"{what} of {version.record.project}"


def _print(version: ServiceVersion) -> None:
    record = version.record
    marks = {True: "matches here", False: "differs from here", None: "not installed here"}
    size = f"{shown_size(record.size_bytes)} ({shown_size(record.own_bytes)} its own)"
    print(
        f"{record.project} {record.version}  Python {record.python}  {record.status}"
        f"  {record.packages} packages, {size}  {marks[version.matches_local]}"
    )
    print(f"  lock {record.lock_hash}")
    print(f"  by {record.installed_by}, last used {record.last_used or 'never'}")
    for difference in version.differences[:_SHOWN]:
        print(f"  {difference}")
    if len(version.differences) > _SHOWN:
        print(f"  … and {len(version.differences) - _SHOWN} more differences")
