"""``park admin``: what is kept ready, what the service takes, what goes, and who may do what."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say
from park.cli.services import approvals, home_actions, key_rotation, peer_revocation, people
from park.cli.services.usage import lines
from park.errors import UsageError
from park.model.durations import parse_duration
from park.model.sizes import shown_size
from park.wire import OfferRecord, OfferRequest, Share, encode

if TYPE_CHECKING:
    from park.client.service import Service

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park admin offer refl1d==1.0.1                     resolved there, kept ready
  park admin offer refl1d==1.0.1 --lock pylock.toml  exactly as this lock has it
  park admin offer --lock 3f9c0a1b                   an environment that is there already
  park admin offers
  park admin withdraw refl1d==1.0.1
  park admin usage                                   what the service takes, and each user
  park admin clean --dry-run                         what the service's policy would remove now
  park admin clean --older-than 90d                  jobs that ended before that; policy or not
  park run refl1d.names:sld_of --offer refl1d        by anybody, installed here or not
"""

EXAMPLES += approvals.EXAMPLES + people.EXAMPLES + key_rotation.EXAMPLES
EXAMPLES += peer_revocation.EXAMPLES + home_actions.EXAMPLES

_LOCK_HASH = re.compile(r"[0-9a-f]{6,64}")
"""Of a lock hash as many hex digits as the service needs to tell it from others."""


_AGES = {
    "older-than": "jobs, since they ended, with their results and files: 90d, 12h, …",
    "logs-older-than": "the logs of jobs that ended before that",
    "events-older-than": "events from before that",
    "trees-older-than": "versions of working trees that were not used since then",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    offer = actions.add_parser("offer", help="keep a project ready, at one version")
    offer.add_argument(
        "requirement", nargs="?", metavar="PROJECT==VERSION", help="a released project"
    )
    offer.add_argument("--python", metavar="X.Y", help="Python minor (the service's own)")
    offer.add_argument(
        "--lock",
        metavar="LOCK",
        help="a pylock.toml, kept to the letter, or the lock hash of an environment that is there",
    )
    offer.set_defaults(act=_offer)
    listing = actions.add_parser("offers", help="list what is kept ready")
    listing.set_defaults(act=_offers)
    withdraw = actions.add_parser("withdraw", help="keep a project ready no longer")
    withdraw.add_argument("requirement", metavar="PROJECT==VERSION", help="as it was offered")
    withdraw.set_defaults(act=_withdraw)
    usage = actions.add_parser("usage", help="show what the service takes on the disk")
    usage.set_defaults(act=_usage)
    clean = actions.add_parser(
        "clean", help="remove what is too old, or over a quota, and what nothing refers to"
    )
    for name, what in _AGES.items():
        clean.add_argument(f"--{name}", metavar="TIME", help=f"{what} (else as `park serve` says)")
    clean.add_argument(
        "--newest-trees",
        type=int,
        metavar="N",
        help="versions of each project that each user keeps, however old (else as for the others)",
    )
    clean.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    clean.set_defaults(act=_clean)
    approvals.configure(actions)
    people.configure(actions)
    key_rotation.configure(actions)
    peer_revocation.configure(actions)
    home_actions.configure(actions)
    for action in (offer, listing, withdraw, usage, clean):
        add_service(action)
        add_json(action)


def run(options: argparse.Namespace) -> int:
    """Do the action and print what it is about."""
    if "here" in options:
        return int(options.here(options))
    options.act(service_of(options), options)
    return 0


def _show(offers: list[OfferRecord], options: argparse.Namespace) -> None:
    if options.json:
        print_json([encode(offer) for offer in offers])
        return
    for offer in offers:
        _print(offer)


def _offer(service: Service, options: argparse.Namespace) -> None:
    _show(_offered(service, options), options)


def _offered(service: Service, options: argparse.Namespace) -> list[OfferRecord]:
    lock: str | None = options.lock
    if lock is not None and _LOCK_HASH.fullmatch(lock) and not Path(lock).exists():
        named = _parsed(options.requirement) if options.requirement else (None, None)
        return [service.offer(OfferRequest(project=named[0], version=named[1], lock=lock))]
    if options.requirement is None:
        raise UsageError(
            "an offer needs PROJECT==VERSION, or --lock HASH",
            hint="`park env list` shows the lock hashes of the environments that are there",
        )
    project, version = _parsed(options.requirement)
    pylock = None if lock is None else _text(Path(lock))
    request = OfferRequest(project=project, version=version, python=options.python, pylock=pylock)
    return [service.offer(request)]


def _offers(service: Service, options: argparse.Namespace) -> None:
    _show(service.offers(), options)


def _withdraw(service: Service, options: argparse.Namespace) -> None:
    _show(service.withdraw(*_parsed(options.requirement)), options)


def _usage(service: Service, options: argparse.Namespace) -> None:
    record = service.usage()
    if options.json:
        print_json(encode(record))
        return
    for part in record.parts:
        say(f"{part.name:<13} {shown_size(part.size_bytes):>10}  {part.files} files")
    say(f"{'free':<13} {shown_size(record.free_bytes):>10}")
    say(f"{record.jobs} jobs, {record.pinned} of them pinned")
    for share in record.shares:
        say(_shown(share))
    for user in record.users:
        say(f"{user.user}:")
        for line in lines(user):
            say(f"  {line}")


def _shown(share: Share) -> str:
    """Return what has a share of the disk, against its quota, and what it consists of."""
    limit = "no quota" if share.quota_bytes is None else f"of {shown_size(share.quota_bytes)}"
    kinds = ", ".join(f"{name} {shown_size(size)}" for name, size in share.kinds.items())
    return f"{share.name}: {shown_size(share.size_bytes)}, {limit}" + (kinds and f" ({kinds})")


def _clean(service: Service, options: argparse.Namespace) -> None:
    record = service.clean(
        _age(options, "older-than"),
        logs_older_than_s=_age(options, "logs-older-than"),
        events_older_than_s=_age(options, "events-older-than"),
        trees_older_than_s=_age(options, "trees-older-than"),
        newest_trees=options.newest_trees,
        dry_run=options.dry_run,
    )
    if options.json:
        print_json(encode(record))
        return
    verb = "would remove" if options.dry_run else "removed"
    say(f"{verb} {record.jobs} jobs, the logs of {record.logs} others, {record.events} events,")
    say(f"  {record.trees} versions of working trees with {record.environments} environments,")
    say(f"  {record.files} files that nothing refers to, {record.quarantined} in quarantine")
    say(f"  ({shown_size(record.size_bytes)}, jobs, logs and events not counted)")


def _age(options: argparse.Namespace, name: str) -> float | None:
    text: str | None = getattr(options, name.replace("-", "_"))
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--{name} {text!r}: {error}", hint=f"for example --{name} 90d") from error


def _parsed(text: str) -> tuple[str, str]:
    name, equals, version = (part.strip() for part in text.partition("=="))
    if not (equals and name and version):
        raise UsageError(f"{text!r} is not of the form PROJECT==VERSION")
    return name, version


def _text(lock: Path) -> str:
    """Return the text of a lock file, which the service reads for itself; raises `UsageError`."""
    try:
        return lock.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--lock {lock}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--lock {lock} is not a lock (PEP 751): {error}") from error


def _print(offer: OfferRecord) -> None:
    say(f"{offer.project}=={offer.version}  Python {offer.python}  {offer.state}")
    if offer.lock_hash:
        say(f"  lock {offer.lock_hash}")
    if offer.error:
        say(f"  {offer.error}")
