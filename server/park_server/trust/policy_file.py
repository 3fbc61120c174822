"""The policy file: TOML that people write, checked line by line.

::

    [everybody]
    roles = ["query", "submit", "realise"]

    [groups.reflectometry]
    members = ["ada", "bob"]
    roles = ["upload:refl-*"]

    [users.ada]
    roles = ["operate"]
    account = "ada"          # of this machine; else a number of the service's

    [grants]
    requests = 600
    [everybody.limits]       # of each user, and so of a group's members, or of one user
    disk = "20 GB"
    waiting = 50_000
    running = 16
    cores = 16
    requests = 50            # a second
    batch = 1_000            # jobs in one request
    share = 1                # of the slots, where others wait

    [groups.reflectometry.together]   # all members in sum
    disk = "200 GB"

    [jobs]
    network = "loopback"     # or "all", "none"
    tmp = "private"          # or "shared"
    accounts = "numbers"     # or "same": the account that has the user's name

    [audit]
    keep = "400d"            # logins, tokens and shares; all else stays

    [log]
    level = "info"           # or "debug", "warning", "error"

    [login]
    issuer = "https://auth.example.org"
    client = "park"

    [login.users]
    "248289761001" = "ada"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from park.errors import ParkError, UsageError
from park.model.durations import parse_duration
from park.model.urls import is_protected
from park_server.db.portable_schema import LEAST_KEPT_DAYS
from park_server.log_lines.setup import LEVELS
from park_server.quotas.limits import TOGETHER, Limits
from park_server.trust.names import check_name
from park_server.trust.policy import (
    AUDIT_KEPT_S,
    NETWORKS,
    GrantLimits,
    Group,
    JobRules,
    LoginPolicy,
    Policy,
)
from park_server.trust.policy_keys import LIMIT_KEYS, POLICY_KEYS
from park_server.trust.rights import NONE, USUAL, Right, Rights

__all__ = ["EXAMPLE", "read_policy"]

EXAMPLE = """\
[everybody]
roles = ["query", "submit", "realise", "upload"]
"""

_HINT = (
    "`park admin policy check FILE` tells whether a file is right; the service keeps to the last"
)

_DAY_S = 86_400.0
_LEAST_KEPT_S = LEAST_KEPT_DAYS * _DAY_S
_MOST_KEPT_S = 36_500 * _DAY_S

_Path = tuple[str, ...]
T = TypeVar("T")


def read_policy(text: str, name: str) -> Policy:
    """Return the policy that ``text`` says; ``name`` is that of its file.

    Raises `UsageError` with the file, the line and what was expected there, for whatever the
    file has that is not understood: a misspelled name must not close or open anything.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name} is no TOML: {error}", hint=_HINT) from None
    return _Reader(document, _lines_of(text), name).policy()


class _Reader:
    """Reads one document; ``lines`` tells where each key stands."""

    def __init__(self, document: Mapping[str, Any], lines: Mapping[_Path, int], name: str) -> None:
        self._document = document
        self._lines = lines
        self._name = name

    def policy(self) -> Policy:
        self._require_known((), self._document, list(POLICY_KEYS))
        everybody = self._table(("everybody",), self._document.get("everybody", {}))
        has_roles = "roles" in everybody
        users = dict(self._tables("users"))
        return Policy(
            jobs=self._jobs(),
            approved_only=self._approved_only(),
            log_level=self._log_level(),
            audit_kept_s=self._audit_kept_s(),
            accounts={
                user: self._text(("users", user, "account"), table["account"])
                for user, table in users.items()
                if "account" in table
            },
            limits=self._limits(("everybody", "limits"), everybody),
            limits_of_users={
                user: self._limits(("users", user, "limits"), table)
                for user, table in users.items()
            },
            everybody=self._rights(("everybody",), everybody) if has_roles else USUAL,
            users={user: self._rights(("users", user), table) for user, table in users.items()},
            groups={
                group: Group(
                    members=frozenset(self._members(("groups", group), table)),
                    rights=self._rights(("groups", group), table),
                    limits=self._limits(("groups", group, "limits"), table),
                    together=self._limits(("groups", group, "together"), table, TOGETHER),
                )
                for group, table in self._tables("groups")
            },
            grants=self._grants(self._table(("grants",), self._document.get("grants", {}))),
            login=self._login() if "login" in self._document else None,
        )

    def _grants(self, table: Mapping[str, Any]) -> GrantLimits:
        """Return what is said of grants: each of the kind that it has by default."""
        usual = GrantLimits()
        for name, value in table.items():
            is_flag = isinstance(getattr(usual, name), bool)
            if is_flag and not isinstance(value, bool):
                raise self._wrong(("grants", name), f"{name} is true or false, not {_shown(value)}")
            is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
            if not is_flag and not is_number:
                raise self._wrong(
                    ("grants", name), f"{name} must be a number above 0, not {_shown(value)}"
                )
        return GrantLimits(**table)

    def _approved_only(self) -> bool:
        table = self._table(("installs",), self._document.get("installs", {}))
        return self._choice(table, "approved", ("only", "all"), of="installs") == "only"

    def _jobs(self) -> JobRules:
        table = self._table(("jobs",), self._document.get("jobs", {}))
        tmp = self._choice(table, "tmp", ("private", "shared"))
        processes = self._choice(table, "processes", ("own", "all"))
        imports = self._choice(table, "imports", ("ahead", "each"))
        return JobRules(
            network=self._choice(table, "network", NETWORKS),
            private_tmp=None if tmp is None else tmp == "private",
            own_processes=None if processes is None else processes == "own",
            imports_ahead=None if imports is None else imports == "ahead",
            by_name=self._choice(table, "accounts", ("numbers", "same")) == "same",
        )

    def _log_level(self) -> str | None:
        table = self._table(("log",), self._document.get("log", {}))
        return self._choice(table, "level", LEVELS, of="log")

    def _audit_kept_s(self) -> float:
        table = self._table(("audit",), self._document.get("audit", {}))
        if "keep" not in table:
            return AUDIT_KEPT_S
        place = ("audit", "keep")
        try:
            seconds = parse_duration(self._text(place, table["keep"]))
        except ValueError as error:
            raise self._wrong(place, str(error)) from None
        if not _LEAST_KEPT_S <= seconds < _MOST_KEPT_S:
            raise self._wrong(
                place, f"keep is {LEAST_KEPT_DAYS}d at least, not {_shown(table['keep'])}"
            )
        return seconds

    def _choice(
        self, table: Mapping[str, Any], key: str, known: Sequence[str], *, of: str = "jobs"
    ) -> str | None:
        """Return one of the words that are ``known``; None where nothing is said."""
        if key not in table:
            return None
        text = self._text((of, key), table[key])
        if text not in known:
            expected = ", ".join(f'"{each}"' for each in known)
            raise self._wrong((of, key), f"{key} is {expected}, not {_shown(text)}")
        return text

    def _text(self, place: _Path, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise self._wrong(place, f"{place[-1]} must be a text in quotes, not {_shown(value)}")
        return value

    def _login(self) -> LoginPolicy:
        place = ("login",)
        table = dict(self._table(place, self._document["login"]))
        for name in ("issuer", "client"):
            if name not in table:
                raise self._wrong(place, f"login needs {name}, a text in quotes")
        for name, value in table.items():
            if name not in {"users", "groups"} and not isinstance(value, str):
                raise self._wrong((*place, name), f"{name} is a text, not {_shown(value)}")
        if not is_protected(table["issuer"]) or not urlsplit(table["issuer"]).hostname:
            raise self._wrong((*place, "issuer"), "issuer is the https URL of an OpenID provider")
        for name in ("users", "groups"):
            table[name] = self._names((*place, name), table.get(name, {}))
        return LoginPolicy(**table)

    def _names(self, place: _Path, value: Any) -> Mapping[str, str]:
        """Return a table of texts, each the name of a user."""
        for key, user in self._table(place, value, keys=()).items():
            if not isinstance(user, str):
                raise self._wrong((*place, key), f"a user's name in quotes, not {_shown(user)}")
            self._checked((*place, key), lambda user=user: check_name(user, "user"))
        return dict(value)

    def _tables(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield each named table of ``kind``, checked."""
        for name, table in self._table((kind,), self._document.get(kind, {}), keys=()).items():
            place = (kind, name)
            self._checked(place, lambda name=name, kind=kind: check_name(name, kind[:-1]))
            yield name, self._table(place, table)

    def _table(
        self, place: _Path, value: Any, keys: Sequence[str] | None = None
    ) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(place, f"{'.'.join(place)} must be a table, not {_shown(value)}")
        known = list(POLICY_KEYS[place[0]]) if keys is None else keys
        if known:
            self._require_known(place, value, known)
        return value

    def _require_known(self, place: _Path, table: Mapping[str, Any], known: Sequence[str]) -> None:
        for key in table:
            if key not in known:
                raise self._wrong(
                    (*place, key), f"{key!r} means nothing here; expected {', '.join(known)}"
                )

    def _rights(self, place: _Path, table: Mapping[str, Any]) -> Rights:
        texts = self._texts((*place, "roles"), table.get("roles", []))
        if not texts:
            return NONE
        parse = Right.parse
        where = (*place, "roles")
        return Rights(frozenset(self._checked(where, lambda t=t: parse(t)) for t in texts))

    def _limits(
        self, place: _Path, table: Mapping[str, Any], known: Sequence[str] = tuple(LIMIT_KEYS)
    ) -> Limits:
        value = self._table(place, table.get(place[-1], {}), known)
        return Limits.of(value, lambda key, why: self._wrong((*place, key), why))

    def _members(self, place: _Path, table: Mapping[str, Any]) -> Iterator[str]:
        where = (*place, "members")
        for text in self._texts(where, table.get("members", [])):
            self._checked(where, lambda text=text: check_name(text, "user"))
            yield text

    def _texts(self, place: _Path, value: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._wrong(
                place, f"{place[-1]} must be a list of texts in quotes, not {_shown(value)}"
            )
        return value

    def _checked(self, place: _Path, check: Any) -> Any:
        try:
            return check()
        except ParkError as error:
            raise self._wrong(place, error.message, error.hint) from None

    def _wrong(self, place: _Path, what: str, hint: str | None = None) -> UsageError:
        line = self._line(place)
        return UsageError(f"{self._name}, line {line}: {what}", hint=hint or _HINT)

    def _line(self, place: _Path) -> int:
        """Return the line of ``place``, or of what it stands in; the first where none is known."""
        found = (self._lines.get(place[:end]) for end in range(len(place), 0, -1))
        return next((line for line in found if line is not None), 1)


_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[^=\s]+)*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def _lines_of(text: str) -> dict[_Path, int]:
    """Return the line of each table and key of a TOML document that can be read.

    The parser of the standard library does not tell. What stands in a list over several lines
    is at the line where the list begins.
    """
    found: dict[_Path, int] = {}
    table: _Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _parts(header[1])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
    return found


def _parts(text: str) -> _Path:
    return tuple(part.strip("\"'") for part in _PART.findall(text))


_MOST_SHOWN = 40


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
