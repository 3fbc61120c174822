"""What client and agent say to each other: one JSON object on a line, each way.

A question is one of `Question`, its answer one of `Answer`. Nothing here touches a socket.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeAlias, get_args

from park.errors import ParkError, UsageError

__all__ = [
    "MOST_BYTES",
    "Answer",
    "Done",
    "ForgetKey",
    "GetToken",
    "HoldKey",
    "KeyLine",
    "Keys",
    "ListKeys",
    "Lock",
    "Question",
    "Refusal",
    "Stop",
    "Token",
    "Unlock",
    "WatchPasses",
    "decoded",
    "encoded",
]

MOST_BYTES = 64 << 10
"""Of one line: a token has some dozens, and nothing here is longer than a few of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldKey:
    """Hold ``token``, which opens the service at the URL ``service``.

    Times are seconds since the epoch: it is worth nothing after ``expires``, is not refreshed
    after ``renewable_until``, and not kept for longer than ``lifetime_s`` seconds; None: for as
    long as the agent runs. ``confirm``: each use is asked for. ``insecure``: it may be refreshed
    by plain HTTP. ``keep``: it goes into the system's keyring as well.
    """

    service: str
    token: str = field(repr=False)
    user: str = ""
    id: str = ""
    expires: float | None = None
    renewable_until: float | None = None
    lifetime_s: float | None = None
    confirm: bool = False
    insecure: bool = False
    keep: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GetToken:
    """Give the token of the service at the URL ``service``; ``reason`` is for who confirms it."""

    service: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgetKey:
    """Forget the token of a service."""

    service: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListKeys:
    """Say which keys there are: never a token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchPasses:
    """Make the passes that the service at the URL ``service`` wants for what ``lender`` lent it."""

    service: str
    lender: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """Give out no token until `Unlock` comes with the same passphrase."""

    passphrase: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unlock:
    """Give out tokens again."""

    passphrase: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """Forget everything, and end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token, and when it is worth nothing any more; ``id`` names it on its service."""

    token: str = field(repr=False)
    expires: float | None = None
    user: str = ""
    id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyLine:
    """What is told of a key; ``until`` is when the agent forgets it, ``trouble`` why it is old."""

    service: str
    user: str
    expires: float | None
    until: float | None
    confirm: bool
    kept: bool
    trouble: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """All keys, by service; ``pid`` is the agent's own, ``locked`` whether it gives any out."""

    keys: tuple[KeyLine, ...]
    pid: int
    locked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """It is done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """It is not done: ``kind`` is the `type_name` of an error of park."""

    kind: str
    message: str
    hint: str | None = None

    @classmethod
    def of(cls, error: ParkError) -> Refusal:
        """Return what tells of ``error``."""
        return cls(kind=error.type_name, message=error.message, hint=error.hint)


Question: TypeAlias = HoldKey | GetToken | ForgetKey | ListKeys | WatchPasses | Lock | Unlock | Stop
Answer: TypeAlias = Token | Keys | Done | Refusal

_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (*get_args(Question), *get_args(Answer))
}
_OF_FIELDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float | None": (int, float, type(None)),
    "str | None": (str, type(None)),
}


def encoded(message: Question | Answer) -> bytes:
    """Return ``message`` as a line."""
    document = {"is": type(message).__name__, **asdict(message)}
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def decoded(line: bytes) -> Question | Answer:
    """Return the message in ``line``; raises `UsageError`, without repeating what is in it.

    What it does not know of a message is left out, so that one end may be older.
    """
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        raise _broken("no JSON") from None
    if not isinstance(document, dict) or str(document.get("is")) not in _KINDS:
        raise _broken("no message that is known")
    message: Question | Answer = _read(_KINDS[document["is"]], document)
    return message


def _read(kind: type[Any], document: dict[str, Any]) -> Any:
    values = {entry.name: document[entry.name] for entry in fields(kind) if entry.name in document}
    for entry in fields(kind):
        if entry.name in values:
            values[entry.name] = _value(kind, entry.name, str(entry.type), values[entry.name])
    try:
        return kind(**values)
    except TypeError:
        raise _broken(f"a {kind.__name__} without all that it needs") from None


def _value(kind: type[Any], name: str, annotation: str, value: Any) -> Any:
    if annotation == "tuple[KeyLine, ...]" and isinstance(value, list):
        if not all(isinstance(each, dict) for each in value):
            raise _broken(f"a {kind.__name__} whose {name} is something else")
        return tuple(_read(KeyLine, each) for each in value)
    is_flag = isinstance(value, bool) and annotation != "bool"
    if is_flag or not isinstance(value, _OF_FIELDS.get(annotation, ())):
        raise _broken(f"a {kind.__name__} whose {name} is something else")
    return value


def _broken(what: str) -> UsageError:
    return UsageError(
        f"what came by the agent's socket is {what}",
        hint="one of both is of another version of park: park agent stop, and log in again",
    )
