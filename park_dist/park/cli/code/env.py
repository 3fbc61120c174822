"""``park env``: the environments of a service; how any two sets of packages differ."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from park.cli.moments import local_second
from park.cli.options import NEWEST, add_action, add_all
from park.cli.output import print_json, say
from park.model.sizes import shown_size
from park.wire import EnvironmentSummary

if TYPE_CHECKING:
    from park.client.environment_queries import RemoteEnvironments

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park env list                            the newest of each project
  park env show 3fa91c
  park env diff 3fa91c local               its project here, with all that it requires
  park env diff mymodel==1.4 mymodel       a version there, the module here
  park env diff 3fa91c pylock.toml         a lock file (PEP 751), or a bundle
  park env verify 3fa91c --thorough        by content; what was changed is repaired
  park env pin 3fa91c                      keep it, whatever the service's quota
  park env shell 3fa91c                    a shell in it, on the service's machine
  park env shell 3fa91c -- python -V       or a command
  park env remove 3fa91c                   its lock and wheels stay; a job brings it back
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add_all(add_action(actions, "list", "list the environments, and what they take", _list))
    _named(actions, "show", "show one, with its packages", _show)
    diff = add_action(actions, "diff", "compare two, package by package", _diff)
    for side in "AB":
        text = "a lock hash, PROJECT==VERSION, a lock file, a bundle, a module, or: local"
        diff.add_argument(side.lower(), metavar=side, help=text)
    verify = _named(actions, "verify", "look for changes, and repair them", _verify)
    verify.add_argument("--thorough", action="store_true", help="read every file, too")
    _named(actions, "pin", "keep one from eviction", _pin)
    _named(actions, "unpin", "let it be evicted again", _unpin)
    _named(actions, "remove", "evict one", _remove)
    shell = _named(actions, "shell", "enter one, where the service's disk is", _shell)
    text = "what to run in place of your shell, behind --"
    shell.add_argument("command", metavar="COMMAND", nargs="*", help=text)


def run(options: argparse.Namespace) -> int:
    """Do the action on the environments of the service."""
    from park.client.environment_queries import remote_environments

    options.act(remote_environments(options.service, insecure=options.insecure), options)
    return 0


def _named(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    act: Callable[[RemoteEnvironments, argparse.Namespace], None],
) -> argparse.ArgumentParser:
    parser = add_action(actions, name, text, act)
    parser.add_argument("lock", metavar="LOCK", help="a lock hash, or the beginning of one")
    return parser


def _list(environments: RemoteEnvironments, options: argparse.Namespace) -> None:
    found = environments.list(newest=None if options.all else NEWEST)
    if options.json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        _print(each)
        if each.older:
            names = ", ".join(sorted({project.partition("==")[0] for project in each.projects}))
            say(f"… and {each.older} older of {names} (--all)")
    storage = environments.storage()
    limit = "no quota" if storage.quota_bytes is None else f"of {shown_size(storage.quota_bytes)}"
    taken = shown_size(storage.store_bytes + storage.environments_bytes)
    say(f"{taken} {limit}: {storage.environments} environments of {storage.wheels} wheels")


def _show(environments: RemoteEnvironments, options: argparse.Namespace) -> None:
    found = environments.show(options.lock)
    if options.json:
        print_json(asdict(found))
        return
    _print(found.environment)
    if found.path is not None:
        bytecode = "compiled" if found.bytecode else "not all compiled yet"
        say(f"  {found.path}  Python {found.python_full}  {bytecode}")
    for package in found.packages:
        say(f"  {package.name}=={package.version}")
    for conflict in found.conflicts:
        say(f"  several wheels own {conflict}, the last is seen")


def _diff(environments: RemoteEnvironments, options: argparse.Namespace) -> None:
    from park.client.environment_queries import compared

    a, b = compared(options.a, options.b, environments)
    differences = a.differences(b)
    if options.json:
        rows = [dict(zip(("name", "a", "b"), each, strict=True)) for each in differences]
        print_json({"a": a.label, "b": b.label, "same": not rows, "differences": rows})
        return
    say(f"a: {a.label}")
    say(f"b: {b.label}")
    for name, here, there in differences:
        say(f"  {name}: {here or 'absent'} in a, {there or 'absent'} in b")
    if not differences:
        say("no difference")


def _verify(environments: RemoteEnvironments, options: argparse.Namespace) -> None:
    found = environments.verify(options.lock, thorough=options.thorough)
    if options.json:
        print_json(asdict(found))
        return
    for damage in found.damages:
        say(f"  {damage}")
    outcome = "was changed, and is repaired" if found.repaired else "is whole"
    say(f"environment {found.lock_hash} {outcome}")


def _pin(environments: RemoteEnvironments, options: argparse.Namespace) -> None:
    _tell(environments.pin(options.lock), options)


def _unpin(environments: RemoteEnvironments, options: argparse.Namespace) -> None:
    _tell(environments.unpin(options.lock), options)


def _remove(environments: RemoteEnvironments, options: argparse.Namespace) -> None:
    _tell(environments.remove(options.lock), options)


def _shell(environments: RemoteEnvironments, options: argparse.Namespace) -> None:
    from park.client.environment_shell import become_shell

    become_shell(environments.show(options.lock), options.command)


def _tell(found: EnvironmentSummary, options: argparse.Namespace) -> None:
    if options.json:
        print_json(asdict(found))
    else:
        _print(found)


def _print(each: EnvironmentSummary) -> None:
    pinned = f"  pinned by {', '.join(each.pinned_by)}" if each.pinned_by else ""
    say(f"{each.lock_hash}  {each.status}  Python {each.python}{pinned}")
    sizes = f"{shown_size(each.size_bytes)} ({shown_size(each.own_bytes)} its own)"
    say(f"  {', '.join(each.projects)}  by {', '.join(each.installed_by)}")
    say(f"  {each.packages} packages, {sizes}, last used {local_second(each.last_used) or 'never'}")
