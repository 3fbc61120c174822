"""``park doctor``: whether all is as it should be, here and on the way to the service."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from park import __version__
from park.cli.options import add_json, add_service
from park.cli.output import print_json, say
from park.errors import NoInterpreter, ParkError, ServiceFault
from park.local.python_minor import python_minor
from park.model.sizes import shown_size
from park.wire import API, ForkServerRecord, ServiceRecord

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park doctor
  park doctor --service compufans --json
The status is 0 where all is well, else that of the first thing that is not.
"""

_CLOCK_TOLERANCE_S = 5.0
"""HTTP's Date has whole seconds; more than a few apart, tokens expire early or late."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at; ``status`` is the exit status that it calls for."""

    what: str
    ok: bool
    detail: str
    hint: str | None = None
    status: int = 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Look at one thing after the other, as far as each can be reached."""
    findings = []
    for finding in _findings(options.service, insecure=options.insecure):
        findings.append(finding)
        if not options.json:
            _print(finding)
    if options.json:
        print_json([asdict(finding) for finding in findings])
    return next((finding.status for finding in findings if not finding.ok), 0)


def _findings(name: str | None, *, insecure: bool) -> Iterator[Finding]:
    yield _python()
    yield _caught("configuration", _configuration)
    yield from _service(name, insecure=insecure)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    where = sys.prefix if sys.prefix != sys.base_prefix else f"{sys.prefix}, no virtual environment"
    return Finding(what="python", ok=True, detail=f"{version} in {where}; park {__version__}")


def _configuration() -> Finding:
    from park.client.access.config import Configuration, configuration_file

    configuration = Configuration(configuration_file())
    names = ", ".join(service.name for service in configuration.services()) or "no services named"
    is_there = configuration.path.exists()
    detail = f"{configuration.path}: {names}" if is_there else f"none at {configuration.path}"
    return Finding(what="configuration", ok=True, detail=detail)


def _service(name: str | None, *, insecure: bool) -> Iterator[Finding]:
    """Look at the service: found, answering, its versions, its clock, its memory."""
    from park.client.access.first_contact import who_asks
    from park.client.service import remote_service

    try:
        service = remote_service(name, insecure=insecure)
        before = datetime.now(UTC)
        answer = service.transport.bytes(API)
    except ParkError as error:
        yield _failed("service", error)
        return
    about = service.about()
    who = who_asks(service.transport) or about  # an earlier service has one user
    detail = f"{service.url} answers as park {about.version}; you are {who.user}"
    yield Finding(what="service", ok=True, detail=detail)
    yield _versions(about.version, about.pythons)
    yield _environments(about)
    yield _isolation(about)
    yield _clock(answer.headers.get("date"), before, datetime.now(UTC))
    yield _caught("memory", lambda: _memory(service.fork_servers()))


def _versions(there: str, pythons: list[str]) -> Finding:
    here = python_minor()
    detail = (
        f"park {__version__} here, {there} there; Python {here} here, {', '.join(pythons)} there"
    )
    if here in pythons:
        return Finding(what="versions", ok=True, detail=detail)
    return Finding(
        what="versions",
        ok=False,
        detail=detail,
        hint=f"jobs run under the Python of here: the service needs Python {here}, or you another",
        status=NoInterpreter.exit_code,
    )


def _environments(about: ServiceRecord) -> Finding:
    ok = about.environments != "none"
    return Finding(
        what="environments",
        ok=ok,
        detail=about.environments_line,
        hint=None if ok else "the operator should move the service's home to a disk that has them",
        status=0 if ok else ServiceFault.exit_code,
    )


def _isolation(about: ServiceRecord) -> Finding:
    """Say what jobs are kept from; what is missing is for the operator to know, and no fault."""
    return Finding(what="isolation", ok=True, detail=about.isolation_line)


def _clock(date: str | None, before: datetime, after: datetime) -> Finding:
    """Compare the clocks; the service's is taken to have been read between two looks at ours."""
    if date is None:
        return Finding(what="clock", ok=True, detail="the service does not tell its time")
    theirs = parsedate_to_datetime(date)
    apart = max((before - theirs).total_seconds() - 1, (theirs - after).total_seconds(), 0.0)
    ok = apart <= _CLOCK_TOLERANCE_S
    return Finding(
        what="clock",
        ok=ok,
        detail=f"{apart:.0f} s apart" if apart >= 1 else "the same, to the second",
        hint=None if ok else "set the clock of this machine or of the service (NTP)",
        status=0 if ok else 1,
    )


def _memory(servers: list[ForkServerRecord]) -> Finding:
    total = shown_size(sum(server.memory_bytes for server in servers))
    parts = [f"{s.module or 'nothing imported'} {shown_size(s.memory_bytes)}" for s in servers]
    detail = f"{len(servers)} fork servers wait with {total}"
    return Finding(
        what="memory", ok=True, detail=": ".join([detail, ", ".join(parts)]).rstrip(": ")
    )


def _caught(what: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except ParkError as error:
        return _failed(what, error)


def _failed(what: str, error: ParkError) -> Finding:
    return Finding(
        what=what, ok=False, detail=error.message, hint=error.hint, status=error.exit_code
    )


def _print(finding: Finding) -> None:
    say(f"{'ok ' if finding.ok else 'BAD'}  {finding.what:<14} {finding.detail}")
    if finding.hint:
        say(f"{'':<20}hint: {finding.hint}")
