"""``park admin user|group|token|policy|audit``: who may use a service, and who did what."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from park.cli.moments import local_second, parse_since
from park.cli.option_types import at_least_one
from park.cli.options import add_action
from park.cli.output import print_json, say, say_text, tell
from park.errors import UsageError
from park.model.durations import parse_duration
from park.wire import (
    Audience,
    RevokedRecord,
    TokenRecord,
    TokenRequest,
    UserRecord,
    UserRequest,
    encode,
)

if TYPE_CHECKING:
    from park.client.access.administration import Administration
    from park.client.service import Service

    _Actions = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 (no public name)

__all__ = [
    "EXAMPLES",
    "add_token_options",
    "configure",
    "print_new",
    "print_tokens",
    "token_request",
]

EXAMPLES = """  park admin user add ada                            asks for her password, twice
  park admin user add ci --no-password --role query  gets tokens, and never logs in
  park admin user revoke ada                         all she has, and what runs of hers
  park admin group add reflectometry ada bob
  park admin token make ci --role query --for 90d    printed once
  park admin policy check policy.toml                names the line that is not understood
  park admin policy reload                           without a restart
  park admin audit --user ada --since 2d
"""


def configure(actions: _Actions) -> None:
    """Add the actions to those of ``park admin``."""
    _users(_nested(actions, "user", "who may use the service"))
    _groups(_nested(actions, "group", "users that are spoken of together"))
    _tokens(_nested(actions, "token", "the tokens of everybody"))
    _policy(_nested(actions, "policy", "what users and groups may do"))
    text = "set a wheel aside: it is given out no more, and what runs it ends"
    wheel = add_action(actions, "quarantine", text, _quarantine)
    wheel.add_argument("sha256", metavar="SHA256", help="the digest of the file")
    wheel.add_argument("--why", default="", metavar="TEXT", help="kept with it")
    audit = add_action(actions, "audit", "say who did what, when and from where", _audit)
    audit.add_argument("--user", metavar="NAME", help="what a user did, or was done to him")
    audit.add_argument("--action", metavar="WHAT", help="login, token, user.add, …")
    audit.add_argument("--since", metavar="WHEN", help="2h, 3d, 2026-11-27, …")
    audit.add_argument("--limit", type=at_least_one, default=100, metavar="N", help="entries (100)")


def _nested(actions: _Actions, name: str, text: str) -> _Actions:
    parser = actions.add_parser(name, help=text)
    return parser.add_subparsers(dest="what", required=True, metavar="ACTION")


def _users(actions: _Actions) -> None:
    add_action(actions, "list", "list the users, with their roles", _list_users)
    add = add_action(actions, "add", "add a user, and ask for a password", _add_user)
    _add_name(add)
    _add_roles(add, "besides those of the policy")
    add.add_argument("--no-password", action="store_true", help="this user gets tokens from you")
    _add_password_file(add)
    add.add_argument("--again", action="store_true", help="it is the user who was removed before")
    _add_name(add_action(actions, "remove", "remove a user, with all that runs", _remove_user))
    password = add_action(actions, "password", "give a user another password", _set_password)
    _add_name(password)
    _add_password_file(password)
    roles = add_action(actions, "roles", "give a user other roles", _set_roles)
    _add_name(roles)
    roles.add_argument("role", nargs="*", metavar="ROLE", help="query, upload:lab-*, operate, …")
    _add_name(add_action(actions, "revoke", "revoke all that a user has, and end jobs", _revoke))


def _groups(actions: _Actions) -> None:
    add_action(actions, "list", "list the groups, with members and roles", _list_groups)
    for name, text, act in (
        ("add", "put users into a group", _join),
        ("remove", "take users out of a group", _leave),
    ):
        parser = add_action(actions, name, text, act)
        parser.add_argument("group", metavar="GROUP")
        parser.add_argument("user", nargs="+", metavar="USER")


def _tokens(actions: _Actions) -> None:
    listing = add_action(actions, "list", "list tokens, newest first", _list_tokens)
    listing.add_argument("--user", metavar="NAME", help="those of one user")
    make = add_action(actions, "make", "make a token for a user, and print it once", _make_token)
    _add_name(make)
    _add_roles(make, "of those that the user has (else all)")
    add_token_options(make)
    revoke = add_action(
        actions, "revoke", "revoke a token, with what was made of it", _revoke_token
    )
    revoke.add_argument("token", metavar="ID", help="its id, or the end of it")
    add_action(actions, "rotate", "make another token for the operator", _rotate)


def add_token_options(parser: argparse.ArgumentParser) -> None:
    """Add what is said of a new token besides its scopes."""
    parser.add_argument(
        "--for", dest="lifetime", default="1d", metavar="TIME", help="how long it lasts (1d)"
    )
    parser.add_argument("--note", default="", metavar="TEXT", help="what it is for")
    parser.add_argument(
        "--audience",
        choices=["service", "index"],
        default="service",
        help="what takes it: all of the service, or its index alone, for pip and uv",
    )


def _policy(actions: _Actions) -> None:
    add_action(actions, "show", "print the policy that the service keeps to", _show_policy)
    check = add_action(actions, "check", "tell whether a file is understood", _check_policy)
    check.add_argument("file", type=Path, metavar="FILE")
    add_action(actions, "reload", "have the service read its policy file again", _reload_policy)


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")


def _add_roles(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--role", action="append", default=[], metavar="ROLE", help=f"query, upload:lab-*, … {what}"
    )


def _add_password_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password-file", metavar="FILE", help="the password is its first line; - is stdin"
    )


def _of(service: Service) -> Administration:
    from park.client.access.administration import Administration

    return Administration(service.transport)


# -- users


def _list_users(service: Service, options: argparse.Namespace) -> None:
    _printed(_of(service).users(), options, _user_line)


def _user_line(user: UserRecord) -> str:
    state = "" if user.removed is None else f"  removed {user.removed[:10]}"
    groups = f"  in {', '.join(user.groups)}" if user.groups else ""
    return f"{user.name:<16} {', '.join(user.roles) or 'nothing'}{groups}{state}"


def _add_user(service: Service, options: argparse.Namespace) -> None:
    password = None if options.no_password else _password(options)
    request = UserRequest(
        name=options.name, password=password, roles=options.role, again=options.again
    )
    _printed([_of(service).add_user(request)], options, _user_line)


def _set_password(service: Service, options: argparse.Namespace) -> None:
    _of(service).set_password(options.name, _password(options))
    _done(options, f"the password of {options.name} is another one now")


def _set_roles(service: Service, options: argparse.Namespace) -> None:
    _printed([_of(service).set_roles(options.name, options.role)], options, _user_line)


def _remove_user(service: Service, options: argparse.Namespace) -> None:
    _printed([_of(service).remove_user(options.name)], options, _revoked_line)


def _revoke(service: Service, options: argparse.Namespace) -> None:
    _printed([_of(service).revoke_user(options.name)], options, _revoked_line)


def _revoked_line(record: RevokedRecord) -> str:
    return (
        f"{record.user}: {record.tokens} tokens and {record.grants} grants revoked,"
        f" {record.jobs} jobs ended"
    )


def _password(options: argparse.Namespace) -> str:
    """Return a new password: from a file, or asked for twice; it is never an argument."""
    if options.password_file == "-":  # noqa: S105 (a name for stdin)
        return sys.stdin.readline().rstrip("\n")
    if options.password_file is not None:
        return _text(Path(options.password_file)).partition("\n")[0]
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked for the password: stdin is no terminal",
            hint="--password-file FILE, or - for stdin; or --no-password",
        )
    password = getpass(f"password for {options.name}: ")
    if getpass("once more: ") != password:
        raise UsageError("the two passwords differ", hint="nothing was changed; try again")
    return password


# -- groups


def _list_groups(service: Service, options: argparse.Namespace) -> None:
    _printed(
        _of(service).groups(),
        options,
        lambda group: (
            f"{group.name:<16} {', '.join(group.members) or 'nobody'}"
            f"  may {', '.join(group.roles) or 'nothing more'}"
        ),
    )


def _join(service: Service, options: argparse.Namespace) -> None:
    for user in options.user:
        _of(service).join(options.group, user)
    _done(options, f"{', '.join(options.user)} in {options.group}")


def _leave(service: Service, options: argparse.Namespace) -> None:
    for user in options.user:
        _of(service).leave(options.group, user)
    _done(options, f"{', '.join(options.user)} not in {options.group} any more")


# -- tokens


def _list_tokens(service: Service, options: argparse.Namespace) -> None:
    print_tokens(_of(service).tokens(options.user), options)


def print_tokens(tokens: Sequence[TokenRecord], options: argparse.Namespace) -> None:
    """Print a line for each token."""
    now = datetime.now(UTC).isoformat()
    _printed(tokens, options, lambda token: _token_line(token, now))


def _token_line(token: TokenRecord, now: str) -> str:
    if token.revoked is not None:
        state = f"revoked {local_second(token.revoked)}"
    elif token.expires_at <= now:
        state = f"expired {local_second(token.expires_at)}"
    else:
        state = f"until {local_second(token.expires_at)}"
    used = "never used" if token.last_used is None else f"used {local_second(token.last_used)}"
    scopes = ", ".join(token.scopes) or "all that its user may"
    note = f"  {token.note}" if token.note else ""
    return f"…{token.id[-8:]}  {token.user:<12} {token.kind:<5} {state}  {used}  {scopes}{note}"


def _make_token(service: Service, options: argparse.Namespace) -> None:
    print_new(_of(service).make_token(options.name, token_request(options)), options)


def token_request(options: argparse.Namespace) -> TokenRequest:
    """Return what the options say of a new token."""
    return TokenRequest(
        scopes=options.role,
        lifetime_s=lifetime_s(options.lifetime),
        audience=Audience(options.audience),
        note=options.note,
    )


def print_new(token: TokenRecord, options: argparse.Namespace) -> None:
    """Print a new token, on stdout alone, so that it can go into a file."""
    if options.json:
        print_json(encode(token))
        return
    say(token.token or "")
    until = local_second(token.expires_at)
    tell(f"token …{token.id[-8:]} of {token.user}, until {until}; it is told once")


def lifetime_s(text: str) -> float:
    """Return the seconds that ``text`` says; raises `UsageError`."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--for {text!r}: {error}", hint="for example --for 90d") from error


def _revoke_token(service: Service, options: argparse.Namespace) -> None:
    _of(service).revoke_token(options.token)
    _done(options, f"token …{options.token[-8:]} revoked, with what was made of it")


def _rotate(service: Service, options: argparse.Namespace) -> None:
    _done(options, f"the operator's new token is in {_of(service).rotate()}")


# -- policy, and what was done


def _show_policy(service: Service, options: argparse.Namespace) -> None:
    policy = _of(service).policy()
    if options.json:
        print_json(encode(policy))
    else:
        text = policy.text or f"# no file {policy.file}: each user may {_all(policy.everybody)}"
        say_text(f"{text}\n")


def _check_policy(service: Service, options: argparse.Namespace) -> None:
    policy = _of(service).check_policy(_text(options.file))
    _done(options, f"{options.file} is understood: everybody may {_all(policy.everybody)}")


def _reload_policy(service: Service, options: argparse.Namespace) -> None:
    policy = _of(service).reload_policy()
    _done(options, f"{policy.file} read again: everybody may {_all(policy.everybody)}")


def _all(roles: Sequence[str]) -> str:
    return ", ".join(roles) or "nothing"


def _quarantine(service: Service, options: argparse.Namespace) -> None:
    record = _of(service).quarantine(options.sha256, options.why)
    _printed(
        [record],
        options,
        lambda each: (
            f"{each.sha256[:12]}… is set aside: {len(each.environments)} environments evicted,"
            f" {each.jobs} jobs ended"
        ),
    )


def _audit(service: Service, options: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    since = None if options.since is None else parse_since(options.since, now).isoformat()
    found = _of(service).audit(
        user=options.user, action=options.action, since=since, limit=options.limit
    )
    _printed(
        found,
        options,
        lambda e: (
            f"{local_second(e.time)}  {e.user or '(service)':<12} {e.action:<14} {e.subject}"
            f"  {e.address or '-'}" + "".join(f"  {k}={v}" for k, v in e.data.items())
        ),
    )


# -- what they share


def _printed(
    records: Sequence[Any], options: argparse.Namespace, line: Callable[[Any], str]
) -> None:
    if options.json:
        print_json([encode(record) for record in records])
        return
    for record in records:
        say(line(record))


def _done(options: argparse.Namespace, line: str) -> None:
    print_json({"done": line}) if options.json else say(line)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error.reason}") from error
