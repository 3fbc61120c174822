"""The keys of an agent: each opens one service, for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from park.agent.messages import HoldKey, KeyLine, Token
from park.errors import UsageError
from park.model.urls import plain_service

__all__ = ["RETRY_S", "Key", "Keys", "next_moment"]

RETRY_S = 30.0
"""After a refresh that failed; a service that restarts is back by then."""

_LONGEST_S = 10 * 366 * 86_400.0
"""A lifetime beyond that is none that anybody meant, and a date that no calendar has."""

KeysByService = Mapping[str, "Key"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A token that opens the service at ``service``, and nothing else.

    Times are seconds since the epoch. ``since`` is when it came; ``until`` when it is forgotten,
    whoever still wants it; ``not_before`` when a refresh is next worth trying; ``trouble`` why
    the last one failed.
    """

    service: str
    token: str = field(repr=False)
    since: float
    user: str = ""
    id: str = ""
    expires: float | None = None
    renewable_until: float | None = None
    until: float | None = None
    confirm: bool = False
    insecure: bool = False
    kept: bool = False
    not_before: float = 0.0
    trouble: str | None = None

    @classmethod
    def of(cls, held: HoldKey, now: float) -> Key:
        """Return what is to be held from ``now`` on; raises `UsageError`."""
        if not held.token or not held.service:
            raise UsageError("a key has a service and a token")
        if held.lifetime_s is not None and not 0 < held.lifetime_s <= _LONGEST_S:
            raise UsageError(
                f"a key is held for more than 0 seconds and at most {_LONGEST_S:g} (10 years),"
                f" not for {held.lifetime_s:g}"
            )
        return cls(
            service=plain_service(held.service),
            token=held.token,
            since=now,
            user=held.user,
            id=held.id,
            expires=held.expires,
            renewable_until=held.renewable_until,
            until=None if held.lifetime_s is None else now + held.lifetime_s,
            confirm=held.confirm,
            insecure=held.insecure,
            kept=held.keep,
        )

    @property
    def refresh_at(self) -> float | None:
        """When it is to be refreshed: at half of its time, so that a sleeping laptop is in time.

        None where it is not.
        """
        if self.expires is None or self.renewable_until is None:
            return None
        at = max(self.since + (self.expires - self.since) / 2, self.not_before)
        return at if at < self.renewable_until else None

    @property
    def ends(self) -> float | None:
        """When it is worth nothing any more, or forgotten; None: not by itself."""
        moments = [each for each in (self.expires, self.until) if each is not None]
        return min(moments, default=None)

    def is_over(self, now: float) -> bool:
        """Tell whether it is worth nothing, and nobody needs it any more."""
        return self.ends is not None and self.ends <= now

    def is_due(self, now: float) -> bool:
        """Tell whether it should be refreshed."""
        return self.refresh_at is not None and self.refresh_at <= now

    def refreshed(self, token: Token, renewable_until: float | None, now: float) -> Key:
        """Return it with the token that came in place of its own."""
        return replace(
            self,
            token=token.token,
            id=token.id or self.id,
            expires=token.expires,
            renewable_until=renewable_until,
            since=now,
            not_before=0.0,
            trouble=None,
        )

    def not_refreshed(self, why: str, now: float) -> Key:
        """Return it as it is after a refresh that failed."""
        return replace(self, not_before=now + RETRY_S, trouble=why)

    def as_token(self) -> Token:
        """Return what is given out."""
        return Token(token=self.token, expires=self.ends, user=self.user, id=self.id)

    def as_line(self) -> KeyLine:
        """Return what may be told of it."""
        return KeyLine(
            service=self.service,
            user=self.user,
            expires=self.expires,
            until=self.until,
            confirm=self.confirm,
            kept=self.kept,
            trouble=self.trouble,
        )


@dataclass(frozen=True, slots=True)
class Keys:
    """All that an agent holds, by service."""

    by_service: KeysByService = field(default_factory=lambda: MappingProxyType({}))

    def of(self, service: str) -> Key | None:
        """Return the key of the service at a URL, and of no other."""
        return self.by_service.get(plain_service(service))

    def with_key(self, key: Key) -> Keys:
        """Return these with ``key``, in place of one of the same service."""
        return Keys(MappingProxyType({**self.by_service, key.service: key}))

    def without(self, service: str) -> Keys:
        """Return these without the key of a service."""
        gone = plain_service(service)
        kept = {name: key for name, key in self.by_service.items() if name != gone}
        return Keys(MappingProxyType(kept))

    def at(self, now: float) -> Keys:
        """Return those that are worth something at ``now``."""
        kept = {name: key for name, key in self.by_service.items() if not key.is_over(now)}
        return self if len(kept) == len(self.by_service) else Keys(MappingProxyType(kept))

    def due(self, now: float) -> list[Key]:
        """Return those that should be refreshed."""
        return [key for key in self.by_service.values() if key.is_due(now)]


def next_moment(keys: Keys) -> float | None:
    """Return when something is to be done next without being asked; None: never."""
    moments = [
        each
        for key in keys.by_service.values()
        for each in (key.refresh_at, key.ends)
        if each is not None
    ]
    return min(moments, default=None)
