"""``park admin approve`` and ``approvals``: what users of a locked-down service may have."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from park.cli.moments import local_second
from park.cli.options import add_action
from park.cli.output import print_json, say
from park.errors import UsageError
from park.wire import ApprovalRecord, ApprovalRequest, encode

if TYPE_CHECKING:
    from park.client.service import Service

    _Actions = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 (no public name)

__all__ = ["EXAMPLES", "configure"]

EXAMPLES = """  park admin approve numpy                 each release of it
  park admin approve refl1d==1.0.1         one release, and what it needs has to be as well
  park admin approve --lock 3f9c0a1b       an environment, whatever is in it
  park admin approve --set HASH            a requirement set, wherever it is realised
  park admin approvals
  park admin approve --withdraw numpy      as `park admin approvals` spells it
"""


def configure(actions: _Actions) -> None:
    """Add the actions to those of ``park admin``."""
    text = (
        "let users have a project, a version, a lock or a set, where the policy says approved only"
    )
    approve = add_action(actions, "approve", text, _approve)
    approve.add_argument(
        "requirement", nargs="?", metavar="PROJECT[==VERSION]", help="a project, or one release"
    )
    approve.add_argument("--lock", metavar="HASH", help="a lock that is there, by its hash")
    approve.add_argument("--set", dest="set_hash", metavar="HASH", help="a set, by its set hash")
    approve.add_argument("--note", default="", metavar="TEXT", help="why; kept with it")
    approve.add_argument(
        "--withdraw", metavar="WHAT", help="no longer: what `park admin approvals` shows"
    )
    add_action(actions, "approvals", "list what is approved", _list)


def _approve(service: Service, options: argparse.Namespace) -> None:
    from park.client.access.administration import Approvals

    approvals = Approvals(service.transport)
    if options.withdraw is not None:
        approvals.withdraw(options.withdraw)
        line = f"{options.withdraw} is approved no longer"
        print_json({"done": line}) if options.json else say(line)
        return
    project, version = _parsed(options.requirement)
    request = ApprovalRequest(
        project=project,
        version=version,
        lock=options.lock,
        set_hash=options.set_hash,
        note=options.note,
    )
    _show([approvals.approve(request)], options)


def _list(service: Service, options: argparse.Namespace) -> None:
    from park.client.access.administration import Approvals

    _show(Approvals(service.transport).listing(), options)


def _parsed(text: str | None) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    project, equals, version = text.partition("==")
    if not project.strip() or (equals and not version.strip()):
        raise UsageError(f"{text!r} is neither PROJECT nor PROJECT==VERSION")
    return project.strip(), version.strip() or None


def _show(records: list[ApprovalRecord], options: argparse.Namespace) -> None:
    if options.json:
        print_json([encode(each) for each in records])
        return
    if not records:
        say("nothing is approved")
    for each in records:
        note = f"  {each.note}" if each.note else ""
        say(f"{each.what}  by {each.user} at {local_second(each.created)}{note}")
