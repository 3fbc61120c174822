"""Tokens that the agent of this user holds, as requests to their services use them."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from park.agent.client import AgentClient, is_supported, is_switched_off
from park.agent.messages import GetToken, Token
from park.errors import ParkError, ServiceUnreachable, UnknownItem
from park.model.urls import plain_service

__all__ = ["AgentLogin", "agent_login"]


@dataclass(frozen=True, slots=True)
class _Got:
    """A token that the agent gave; ``fresh_until`` is when it is to be asked again."""

    token: str
    fresh_until: float | None
    expires: float | None


@dataclass(frozen=True, slots=True)
class AgentLogin:
    """The login at a service, held by the agent. Equal where the service is the same.

    The agent refreshes a token at half of its time, and is asked anew after half of what was
    left: so no request goes out with one that ends.
    """

    service: str
    _agent: AgentClient = field(default_factory=AgentClient, compare=False, repr=False)
    _got: list[_Got] = field(default_factory=list, compare=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def token(self) -> str:
        """Return the token; raises what the agent says where it gives none."""
        with self._lock:
            now = time.time()
            got = self._got[0] if self._got else None
            if got is not None and (got.fresh_until is None or now < got.fresh_until):
                return got.token
            try:
                return self._asked(now)
            except ParkError:
                if got is None or (got.expires is not None and got.expires <= now):
                    raise
                return got.token  # it is good for a while, with the agent stopped or locked

    def renewed(self, refused: str) -> str | None:
        """Return another token than ``refused``, which its service does not take; None: none."""
        with self._lock, suppress(ParkError):
            token = self._asked(time.time())
            return None if token == refused else token
        return None

    def _asked(self, now: float) -> str:
        answer = self._agent.ask(GetToken(service=self.service))
        if not isinstance(answer, Token):
            raise ServiceUnreachable("the agent answered something else than a token")
        left = None if answer.expires is None else answer.expires - now
        fresh_until = None if left is None else now + left / 2
        self._got[:] = [_Got(answer.token, fresh_until, answer.expires)]
        return answer.token


def agent_login(url: str) -> AgentLogin | None:
    """Return the login at the service at ``url`` that the agent holds; None where there is none.

    No agent is started for that, but one whose keys are in the system's keyring. Raises
    `NotPermitted` where it is locked, or where its user does not confirm it.
    """
    if not is_supported() or is_switched_off():
        return None
    agent = AgentClient()
    if not agent.is_there():
        if not agent.has_kept():
            return None
        with suppress(ParkError):
            agent.started()
    login = AgentLogin(plain_service(url), agent)
    try:
        login.token()
    except (UnknownItem, ServiceUnreachable):
        return None
    return login
