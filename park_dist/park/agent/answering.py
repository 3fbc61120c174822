"""What an agent answers, from its keys, its lock, a question and the time; and what they are then.

Nothing here sleeps, connects, or asks anybody: what has to be confirmed or refreshed first is
said, and done by whoever holds the state.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from park.agent.keys import Key, Keys
from park.agent.messages import (
    Answer,
    Done,
    ForgetKey,
    GetToken,
    HoldKey,
    ListKeys,
    Lock,
    Question,
    Refusal,
    Stop,
    Unlock,
)
from park.agent.messages import Keys as KeyList
from park.agent.passphrase_lock import Locked
from park.errors import NotPermitted, UnknownItem, UsageError

__all__ = ["First", "State", "answered", "given", "hint_to_log_in", "require_open"]


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """Keys, and the lock where it is closed."""

    keys: Keys = field(default_factory=Keys)
    locked: Locked | None = None

    def at(self, now: float) -> State:
        """Return it at ``now``: without what is over."""
        keys = self.keys.at(now)
        return self if keys is self.keys else replace(self, keys=keys)


@dataclass(frozen=True, kw_only=True, slots=True)
class First:
    """What is to be done before a token is given out."""

    refresh: bool
    confirm: bool


def given(state: State, question: GetToken, now: float) -> tuple[Key, First]:
    """Return the key that is asked for, and what comes before its token is given out.

    Raises `NotPermitted` where the agent is locked, `UnknownItem` where it has none.
    """
    require_open(state)
    key = state.at(now).keys.of(question.service)
    if key is None:
        raise UnknownItem(
            f"the agent holds no token of {question.service}", hint=hint_to_log_in(question.service)
        )
    return key, First(refresh=key.is_due(now), confirm=key.confirm)


def answered(
    state: State, question: Question, now: float, *, salt: bytes, pid: int
) -> tuple[State, Answer]:
    """Return what is answered to any other question, and the state after it.

    ``salt`` are random bytes for a lock. Raises what is to be told of as a refusal.
    """
    state = state.at(now)
    if isinstance(question, ListKeys):
        return state, _listed(state, pid)
    if isinstance(question, Unlock):
        return _unlocked(state, question, now)
    if isinstance(question, Stop):
        return State(), Done()
    require_open(state)
    return _changed(state, question, now, salt)


def _changed(state: State, question: Question, now: float, salt: bytes) -> tuple[State, Answer]:
    match question:
        case Lock():
            return replace(state, locked=Locked.by(question.passphrase, salt)), Done()
        case HoldKey():
            return replace(state, keys=state.keys.with_key(Key.of(question, now))), Done()
        case ForgetKey():
            _require_known(state, question.service)
            return replace(state, keys=state.keys.without(question.service)), Done()
    raise UsageError(f"{type(question).__name__} is answered elsewhere")


def hint_to_log_in(service: str) -> str:
    """Return what to do where there is no token."""
    return f"park login {service}"


def _listed(state: State, pid: int) -> KeyList:
    """Return all keys; a closed lock hides which there are."""
    if state.locked is not None:
        return KeyList(keys=(), pid=pid, locked=True)
    keys = sorted(state.keys.by_service.values(), key=lambda key: key.service)
    return KeyList(keys=tuple(key.as_line() for key in keys), pid=pid)


def _unlocked(state: State, question: Unlock, now: float) -> tuple[State, Answer]:
    """Return the state with the lock as the passphrase leaves it, and what is told."""
    if state.locked is None:
        raise NotPermitted("the agent is not locked")
    locked = state.locked.opened(question.passphrase, now)
    wrong = NotPermitted("that is not the passphrase")
    return replace(state, locked=locked), Done() if locked is None else Refusal.of(wrong)


def require_open(state: State) -> None:
    """Raise `NotPermitted` where the agent is locked."""
    if state.locked is not None:
        raise NotPermitted("the agent is locked", hint="park agent unlock")


def _require_known(state: State, service: str) -> None:
    if state.keys.of(service) is None:
        raise UnknownItem(f"the agent holds no token of {service}", hint="park agent list")
