"""``park agent``: the process that holds your logins."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from park.cli.moments import local_minute
from park.cli.options import add_json
from park.cli.output import print_json, say
from park.errors import UsageError

if TYPE_CHECKING:
    from park.agent.client import AgentClient
    from park.agent.messages import KeyLine, Keys

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park agent list
  park agent lock                     no login is used until: park agent unlock
  park agent stop                     forget all, but what is in the keyring
It starts by itself at the first login; PARK_AGENT=off, or agent = false in the configuration,
and there is none.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the logins that it holds, without tokens")
    add_json(listing)
    listing.set_defaults(act=_list)
    lock = actions.add_parser("lock", help="have no login used until it is unlocked")
    lock.set_defaults(act=_lock)
    unlock = actions.add_parser("unlock", help="let them be used again")
    unlock.set_defaults(act=_unlock)
    start = actions.add_parser("start", help="start it, which a login does by itself")
    start.add_argument(
        "--foreground", action="store_true", help="stay here: for a supervisor of processes"
    )
    start.set_defaults(act=_start)
    stop = actions.add_parser("stop", help="end it, with all that it holds in memory")
    stop.set_defaults(act=_stop)


def run(options: argparse.Namespace) -> int:
    """Do the action."""
    from park.agent.client import AgentClient

    options.act(AgentClient(), options)
    return 0


def _list(agent: AgentClient, options: argparse.Namespace) -> None:
    held = _held(agent)
    if options.json:
        keys = [] if held is None else [asdict(key) for key in held.keys]
        pid = None if held is None else held.pid
        print_json({"pid": pid, "locked": held is not None and held.locked, "keys": keys})
        return
    if held is None:
        say("no agent runs; the first login starts one: park login")
        return
    if held.locked:
        say(f"the agent (process {held.pid}) is locked; park agent unlock")
        return
    if not held.keys:
        say(f"the agent (process {held.pid}) holds no login")
    for key in held.keys:
        say(_line(key))


def _held(agent: AgentClient) -> Keys | None:
    from park.agent.messages import Keys, ListKeys

    if not agent.is_there():
        return None
    answer = agent.ask(ListKeys())
    return answer if isinstance(answer, Keys) else None


def _line(key: KeyLine) -> str:
    words = [f"{key.service}  {key.user}"]
    if key.expires is not None:
        words.append(f"until {local_minute(key.expires)}")
    if key.until is not None:
        words.append(f"forgotten {local_minute(key.until)}")
    words += ["confirmed at each use"] if key.confirm else []
    words += ["in the keyring"] if key.kept else []
    words += [f"not refreshed: {key.trouble}"] if key.trouble else []
    return ", ".join(words)


def _lock(agent: AgentClient, _: argparse.Namespace) -> None:
    from park.agent.messages import Lock

    agent.ask(Lock(passphrase=_passphrase("Passphrase that unlocks it: ", twice=True)))
    say("locked")


def _unlock(agent: AgentClient, _: argparse.Namespace) -> None:
    from park.agent.messages import Unlock

    agent.ask(Unlock(passphrase=_passphrase("Passphrase: ")))
    say("unlocked")


def _passphrase(question: str, *, twice: bool = False) -> str:
    """Return what is typed, or the line on stdin where there is no terminal."""
    from park.client.access.first_contact import terminal

    person = terminal()
    if person is None:
        return sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    typed = person.ask_secret(question)
    if twice and person.ask_secret("The same again: ") != typed:
        raise UsageError("these were two different passphrases; nothing is locked")
    return typed


def _start(agent: AgentClient, options: argparse.Namespace) -> None:
    if options.foreground:
        from park.agent.__main__ import main
        from park.agent.places import agent_folder

        main([str(agent_folder()), "--foreground"])
        return
    agent.started()
    held = _held(agent)
    say(f"the agent runs as process {held.pid}" if held else "the agent runs")


def _stop(agent: AgentClient, _: argparse.Namespace) -> None:
    from park.agent.messages import Stop

    if not agent.is_there():
        say("no agent runs")
        return
    agent.ask(Stop())
    say("stopped")
