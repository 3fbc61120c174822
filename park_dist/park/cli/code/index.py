"""``park index``: what the index of a service holds, and what its operator does to it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from park.cli.options import NEWEST, add_action, add_all
from park.cli.output import print_json, say
from park.errors import UsageError
from park.wire import IndexFileRecord, IndexProjectRecord, encode

if TYPE_CHECKING:
    from park.client.index import RemoteIndex

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park index list                                    projects, and your working trees
  park index list mymodel                            the files of one
  park index yank mymodel 1.4 --reason "wrong sign"  resolvers pass over it; pins still work
  park index unyank mymodel 1.4
  park index remove mymodel 1.5.0+t0123456789abcdef  a tree of yours, for good
  park index claim numpy                             released versions of it are ours from now on
  park index claim numpy --undo                      upstream's again (it must have no files here)
  park index copy mymodel==1.4 --from lab --to sns    its wheels, from one service to another
  park index status oldmodel archived --reason "see newmodel"
"""

_STATUSES = ("active", "archived", "deprecated", "quarantined")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = add_action(actions, "list", "list the projects, or the files of one", _list)
    listing.add_argument("project", nargs="?", metavar="PROJECT")
    add_all(listing)
    yank = add_action(actions, "yank", "keep a version from resolvers", _yank)
    _add_version(yank)
    yank.add_argument("--reason", default="", metavar="TEXT", help="shown by pip and uv")
    _add_version(add_action(actions, "unyank", "undo a yank", _unyank))
    remove = add_action(actions, "remove", "remove versions and their files for good", _remove)
    _add_version(remove, nargs="+")
    claim = add_action(actions, "claim", "own a name, also one that upstream has", _claim)
    claim.add_argument("project", metavar="PROJECT")
    claim.add_argument("--undo", action="store_true", help="give it back to upstream")
    copy = add_action(actions, "copy", "carry released wheels over from another service", _copy)
    copy.add_argument("pin", metavar="PROJECT==VERSION")
    copy.add_argument("--from", dest="source", required=True, metavar="NAME|URL")
    copy.add_argument(
        "--to", metavar="NAME|URL", help="the service that gets them (by default as --service)"
    )
    status = add_action(actions, "status", "set the status of a project (PEP 792)", _mark)
    status.add_argument("project", metavar="PROJECT")
    status.add_argument("status", choices=_STATUSES)
    status.add_argument("--reason", metavar="TEXT", help="shown with the status")


def run(options: argparse.Namespace) -> int:
    """Do the action on the index of the service."""
    from park.client.index import remote_index

    service = getattr(options, "to", None) or options.service
    options.act(remote_index(service, insecure=options.insecure), options)
    return 0


def _add_version(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    parser.add_argument("project", metavar="PROJECT")
    parser.add_argument("version", metavar="VERSION", nargs=nargs)


def _list(index: RemoteIndex, options: argparse.Namespace) -> None:
    if options.project is not None:
        newest = None if options.all else NEWEST
        _show(index.project(options.project, newest=newest), options)
        return
    projects = index.projects()
    if options.json:
        print_json([encode(project) for project in projects])
        return
    elsewhere = index.kept_by()
    if not projects and elsewhere is None:
        say("the index has no project")
    for project in projects:
        say(_line(project))
    if elsewhere is not None:
        say(f"released projects are kept by {elsewhere}: park index list PROJECT asks there")


def _yank(index: RemoteIndex, options: argparse.Namespace) -> None:
    _show(index.yank(options.project, options.version, options.reason), options)


def _unyank(index: RemoteIndex, options: argparse.Namespace) -> None:
    _show(index.unyank(options.project, options.version), options)


def _remove(index: RemoteIndex, options: argparse.Namespace) -> None:
    removed = [
        file for version in options.version for file in index.remove(options.project, version)
    ]
    if options.json:
        print_json([encode(file) for file in removed])
        return
    for file in removed:
        say(f"removed {file.filename} ({_size(file.size)})")


def _claim(index: RemoteIndex, options: argparse.Namespace) -> None:
    if not options.undo:
        _show(index.claim(options.project), options)
        return
    index.unclaim(options.project)
    if options.json:
        print_json({"name": options.project, "owned": False})
    else:
        say(f"{options.project} is no longer owned by the service")


def _copy(index: RemoteIndex, options: argparse.Namespace) -> None:
    from park.client.index import carry_over, remote_index
    from park.local.set_options import exact_pin

    pin = exact_pin(options.pin)
    if pin is None:
        raise UsageError(
            f"{options.pin!r} is not of the form PROJECT==VERSION",
            hint="name the one version that is to be carried over",
        )
    found = carry_over(remote_index(options.source, insecure=options.insecure), index, pin)
    if options.json:
        print_json([asdict(wheel) for wheel in found])
        return
    for wheel in found:
        done = "copied" if wheel.is_new else "was there already:"
        yanked = f" (yanked there: {wheel.yanked})" if wheel.yanked else ""
        say(f"{done} {wheel.filename} sha256 {wheel.sha256[:12]}…{yanked}")


def _mark(index: RemoteIndex, options: argparse.Namespace) -> None:
    _show(index.mark(options.project, options.status, options.reason), options)


def _show(project: IndexProjectRecord, options: argparse.Namespace) -> None:
    """Print a project and its files."""
    if options.json:
        print_json(encode(project))
        return
    say(_line(project))
    if project.older:
        say(f"  … and {project.older} older files (--all)")
    for file in project.files:
        say(f"  {_file_line(file)}")


def _line(project: IndexProjectRecord) -> str:
    owner = "claimed" if project.claimed else "owned" if project.owned else "trees only"
    owner = owner if project.folder is None else f"in {project.folder}"
    owner = owner if project.kept_by is None else f"kept by {project.kept_by}"
    status = "" if project.status == "active" else f"  {project.status}"
    reason = f" ({project.reason})" if project.reason else ""
    return (
        f"{project.name}  {_counted(project.versions, 'version')},"
        f" {_counted(project.trees, 'tree')}, {_size(project.size)}  {owner}{status}{reason}"
    )


def _file_line(file: IndexFileRecord) -> str:
    yanked = "" if file.yanked is None else f"  yanked: {file.yanked or 'no reason given'}"
    tree = "  tree" if file.layer == "trees" else ""
    # an index elsewhere need not say how large a file is, and since when it is there
    size = f"  {_size(file.size)}" if file.size or file.kept_by is None else ""
    when = f"{file.uploaded[:10]} " if file.uploaded else ""
    place = (file.folder and f"in {file.folder}") or (file.kept_by and f"kept by {file.kept_by}")
    return f"{file.filename}{size}  {when}{place or f'by {file.uploaded_by}'}{tree}{yanked}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.1f} KiB"
