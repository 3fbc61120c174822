"""``park files``: what you keep on the service."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from park.cli.moments import local_second
from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say
from park.model.sizes import shown_size
from park.wire import encode

if TYPE_CHECKING:
    from park.client.areas import ServiceFiles

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park files put run.zip '~/data/'            into your own area there
  park files list '~/data'
  park files get '~/data/run.zip' -o here.zip
  park files url '~/shared/run.refl'          what to pass on: others may read ~/shared
  park files remove '~/data' --recursive
  park submit mymodel:fit --service-file 'data=~/data/run.zip'
Quote ~, or the shell takes it for the home of this machine.
"""

_PATH = "a place on the service: '~/data/run.zip', '~ada/shared/x', /ROOT/x"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = _action(actions, "list", "list a folder, or all places without one", _list)
    listing.add_argument("path", nargs="?", metavar="PATH", help=_PATH)
    add_json(listing)
    put = _action(actions, "put", "send a file of this machine", _put)
    put.add_argument("source", type=Path, metavar="FILE", help="a file of this machine")
    put.add_argument("path", metavar="PATH", help=f"{_PATH}; a folder with a slash at the end")
    get = _action(actions, "get", "fetch a file", _get)
    get.add_argument("path", metavar="PATH", help=_PATH)
    get.add_argument("-o", "--output", type=Path, default=Path(), metavar="FILE", help="where to")
    remove = _action(actions, "remove", "remove a file or an empty folder", _remove)
    remove.add_argument("path", nargs="+", metavar="PATH", help=_PATH)
    remove.add_argument(
        "-r", "--recursive", action="store_true", help="a folder with what is in it"
    )
    url = _action(actions, "url", "print the URL of a file", _url)
    url.add_argument("path", metavar="PATH", help=_PATH)


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, act: object
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text)
    add_service(parser)
    parser.set_defaults(act=act)
    return parser


def run(options: argparse.Namespace) -> int:
    """Do the action."""
    options.act(service_of(options).files, options)
    return 0


def _list(files: ServiceFiles, options: argparse.Namespace) -> None:
    if options.path is None:
        areas = files.areas()
        if options.json:
            print_json([encode(area) for area in areas])
            return
        for area in areas:
            say(f"{area.name}  {'yours' if area.writable else 'to read'}")
        return
    entries = files.list(options.path)
    if options.json:
        print_json([encode(entry) for entry in entries])
        return
    if not entries:
        say(f"nothing is in {options.path}")
    for entry in entries:
        size = shown_size(entry.size) if entry.kind == "file" else entry.kind
        say(f"{size:>10}  {local_second(entry.modified)}  {entry.name}")


def _put(files: ServiceFiles, options: argparse.Namespace) -> None:
    say(files.put(options.source, options.path))


def _get(files: ServiceFiles, options: argparse.Namespace) -> None:
    say(str(files.get(options.path, options.output)))


def _remove(files: ServiceFiles, options: argparse.Namespace) -> None:
    for path in options.path:
        files.remove(path, recursive=options.recursive)
        say(f"{path} is removed")


def _url(files: ServiceFiles, options: argparse.Namespace) -> None:
    say(files.url(options.path))
