"""``park build``: the wheels that a service would get from here, and why they are what they are."""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from park.cli.options import add_json
from park.cli.output import print_json, say
from park.client.report import reporter
from park.model.sizes import shown_size

if TYPE_CHECKING:
    from park.build.account import Account
    from park.build.local_set import LocalSet
    from park.build.tree.left_out import LeftOut

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park build mymodel                 a module that this Python can import
  park build ./mymodel               a source tree
  park build fit.py                  a script with inline metadata (PEP 723)
  park build mymodel --output DIR    keep the wheels
Nothing is sent anywhere: no service is needed.
"""

_SHOWN = 40
"""Files printed of each kind; --json has them all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "target", metavar="MODULE", help="a module, or the path of a source tree, wheel or script"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="copy the wheels into this folder"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Build what is local of the closure, and give account of it."""
    from park.build.account import account_of
    from park.build.cache import user_cache
    from park.build.local_set import local_set

    with reporter() as report:
        local = local_set(options.target, cache=user_cache(), progress=report.step)
        accounts = [account_of(source, progress=report.step) for source in local.sources]
    if options.output is not None:
        _copy(accounts, options.output)
    if options.json:
        print_json(_document(local, accounts))
        return 0
    if not local.project.is_local:
        say(f"{local.project} is a release, {local.project.origin}: nothing is built;")
        say("a service takes its wheel from its index")
    for account in sorted(accounts, key=lambda account: account.name != local.project.name):
        _print(account)
    return 0


def _copy(accounts: Iterable[Account], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for account in accounts:
        shutil.copyfile(account.wheel.path, folder / account.wheel.filename)


def _document(local: LocalSet, accounts: Iterable[Account]) -> dict[str, Any]:
    """Return the JSON form: the root, and one entry for each wheel that comes from here."""
    wheels = []
    for account in accounts:
        entry = asdict(account)
        entry["wheel"]["path"] = str(account.wheel.path)
        wheels.append(entry)
    return {
        "project": local.project.name,
        "version": local.version,
        "python": local.requirements.python,
        "origin": local.project.origin,
        "wheels": wheels,
    }


def _print(account: Account) -> None:
    wheel = account.wheel
    say(f"{account.name} {account.version}")
    say(f"  {account.origin}")
    built_with = ", ".join(map(str, account.build_requirements))
    hashed = f"{account.inputs} files" if account.inputs != 1 else "1 file"
    why = f"{hashed} and {built_with}" if built_with else hashed
    say(f"  version: {account.declared} as declared, and the hash of {why}")
    made = "built now" if wheel.built else "built before, from the same content"
    say(f"  wheel: {wheel.filename} ({shown_size(wheel.size)}, {made})")
    _list("    ", (f"{shown_size(member.size):>10}  {member.name}" for member in account.members))
    if account.not_in_wheel:
        say("  in the tree, and not shipped by the build backend:")
        _list("    ", account.not_in_wheel)
    if account.left_out:
        say("  left out, so that no build sees it:")
        _list("    ", _grouped(account.left_out))


def _list(indent: str, lines: Iterable[str]) -> None:
    texts = list(lines)
    for text in texts[:_SHOWN]:
        say(indent + text)
    if len(texts) > _SHOWN:
        say(f"{indent}… and {len(texts) - _SHOWN} more (--json has them all)")


def _grouped(entries: Iterable[LeftOut]) -> list[str]:
    """Return one line for each entry, and one for all that have the same name and reason."""
    found = list(entries)
    alike = Counter((PurePosixPath(entry.path).name, entry.reason) for entry in found)
    lines: dict[str, None] = {}  # an ordered set
    for entry in found:
        name = PurePosixPath(entry.path).name
        count = alike[name, entry.reason]
        slash = "/" if entry.path.endswith("/") else ""
        shown = entry.path if count == 1 else f"{name}{slash} in {count} folders"
        lines[f"{shown}  ({entry.reason})"] = None
    return list(lines)
