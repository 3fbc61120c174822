"""``park admin backup``, ``restore``, ``move`` and ``migrate``: on the machine that has the home.

The service does them; here is how they are asked for. None needs a service that runs.
"""

from __future__ import annotations

import argparse
from importlib.metadata import entry_points
from pathlib import Path

from park.errors import UsageError

__all__ = ["EXAMPLES", "configure"]

EXAMPLES = """  park admin backup --home DIR /backup/monday       while the service runs, or not
  park admin restore --check /backup/monday         is all of it as it was written?
  park admin restore --home NEW /backup/monday
  park admin move --home DIR --to postgresql+psycopg://park@db.lab.example/park
  park admin migrate --home DIR --check                  from which schema to which
"""


def configure(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions to those of ``park admin``."""
    text = "copy a service, while it runs, into a folder or one file: database, index and files"
    backup = _action(actions, "backup", text)
    backup.add_argument(
        "target",
        type=Path,
        metavar="FILE|DIR",
        help="where it will be: one file where it ends in .tar or .tar.gz, else a folder",
    )
    _add_home(backup)
    text = "make the home of a service anew from a backup, all of which is checked first"
    restore = _action(actions, "restore", text)
    restore.add_argument(
        "source", type=Path, metavar="BACKUP", help="what `park admin backup` made"
    )
    _add_home(restore, required=False)
    restore.add_argument("--check", action="store_true", help="only check it, and write nothing")
    move = _action(actions, "move", "move the state of a stopped service into PostgreSQL")
    move.add_argument("--home", type=Path, required=True, metavar="DIR", help="that of the service")
    move.add_argument(
        "--to", required=True, metavar="URL", help="postgresql+psycopg://user@host/name, and empty"
    )
    _add_password(move)
    migrate = _action(actions, "migrate", "bring the schema of a stopped service up to date")
    _add_home(migrate)
    migrate.add_argument(
        "--check", action="store_true", help="only say it; the exit status is 5 where there is any"
    )


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text)
    parser.set_defaults(here=_done)
    return parser


def _add_home(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    what = "that of the service" if required else "the new one: not there yet, or empty"
    parser.add_argument("--home", type=Path, required=required, metavar="DIR", help=what)
    parser.add_argument(
        "--database",
        metavar="URL",
        help="where its state is, if not in the home: postgresql+psycopg://user@host/name (else as"
        " the file `database` of the home says)",
    )
    _add_password(parser)


def _add_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database-password", type=Path, metavar="FILE", help="a file with the password for it"
    )


def _done(options: argparse.Namespace) -> int:
    """Have the part of park that is a service do it; return the exit status."""
    found = next(iter(entry_points(group="park.commands", name="serve")), None)
    if found is None:
        raise UsageError(
            f"`park admin {options.action}` needs the service's part of park",
            hint="pip install 'park-dist[server]'",
        )
    return int(found.load().administer(options))
