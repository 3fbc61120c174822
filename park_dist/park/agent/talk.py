"""The agent itself: a socket, a state, and the time. One thread for each who asks."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from park.agent.answering import First, State, answered, given, require_open
from park.agent.keys import Key, next_moment
from park.agent.messages import (
    MOST_BYTES,
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
    Token,
    Unlock,
    WatchPasses,
    decoded,
    encoded,
)
from park.agent.pass_watches import Logins, PassWatches
from park.agent.peer_user import require_own_peer
from park.errors import NotAuthenticated, ParkError, UsageError
from park.model.urls import plain_service

__all__ = ["IDLE_S", "AgentServer", "Outside"]

IDLE_S = 600.0
"""An agent that holds nothing for ten minutes ends; the next login starts another."""

_PATIENCE_S = 10.0
"""For a question that is not whole, or an answer that nobody takes."""

_QUESTIONS = (HoldKey, GetToken, ForgetKey, ListKeys, WatchPasses, Lock, Unlock, Stop)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """What the agent asks of the world: ``confirm`` a person, ``refresh`` a service.

    ``keep`` and ``forget`` are of the system's keyring, ``clock`` seconds since the epoch. ``ask``
    asks a service with a key (`park.agent.service_requests.asked`); None: no passes are made.
    """

    confirm: Callable[[str], None]
    refresh: Callable[[Key], tuple[Token, float | None]]
    keep: Callable[[Key], None]
    forget: Callable[[str], None]
    clock: Callable[[], float] = time.time
    ask: Callable[..., bytes] | None = None


class AgentServer:
    """Answers at ``listener`` until it is told to stop, or has held nothing for a while."""

    def __init__(
        self, listener: socket.socket, outside: Outside, state: State | None = None
    ) -> None:
        self._listener = listener
        self._outside = outside
        self._state = state or State()
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._woken, self._wake = socket.socketpair()
        self._ends = False
        self._stopped_by: threading.Thread | None = None
        self._idle_since = outside.clock()
        self._watches = None if outside.ask is None else PassWatches(self._logins(outside.ask))

    def serve(self) -> None:
        """Answer; return when it has ended."""
        for service in self._state.keys.by_service:
            self._watch(service)
        try:
            while not self._is_over():
                sockets = [self._listener, self._woken]
                ready, _, _ = select.select(sockets, [], [], self._pause())
                if self._woken in ready:
                    self._woken.recv(1024)
                if self._listener in ready:
                    with suppress(OSError):  # it has gone again
                        self._meet(self._listener.accept()[0])
                self._refresh_due()
        finally:
            self._listener.close()  # whoever comes now is told at once that nobody is here
            self._state = State()
            if self._watches is not None:
                self._watches.close()
            self._woken.close()
            self._wake.close()

    def _is_over(self) -> bool:
        now = self._outside.clock()
        with self._lock:
            self._state = self._state.at(now)
            if self._state.keys.by_service:
                self._idle_since = now
            return self._ends or now - self._idle_since >= IDLE_S

    def _pause(self) -> float:
        """Return for how many seconds nothing has to be done unasked."""
        now = self._outside.clock()
        moment = next_moment(self._state.keys)
        if moment is None:
            return max(0.0, IDLE_S - (now - self._idle_since))
        return min(max(moment - now, 0.1), IDLE_S)  # a clock may be set, a laptop sleep

    def _meet(self, connection: socket.socket) -> None:
        connection.settimeout(_PATIENCE_S)
        threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        """Answer one question; whoever is not this user gets no word."""
        with connection, suppress(OSError, ParkError):
            require_own_peer(connection, os.geteuid())
            line = _line(connection)
            connection.sendall(encoded(self._told(line)))
        if self._stopped_by is threading.current_thread():  # its answer is on its way: none before
            self._ends = True
            self._poke()

    def _told(self, line: bytes) -> Answer:
        try:
            question = decoded(line)
            if not isinstance(question, _QUESTIONS):
                raise UsageError("an answer is no question")
            return self.answer(question)
        except ParkError as error:
            return Refusal.of(error)

    def answer(self, question: Question) -> Answer:
        """Return what is answered; raises what is to be told of as a refusal."""
        if isinstance(question, GetToken):
            return self._used(question).as_token()
        if isinstance(question, WatchPasses):
            return self._watched(question)
        if isinstance(question, HoldKey) and question.keep:
            with self._lock:
                require_open(self._state)  # a lock is one on the keyring as well
            self._outside.keep(Key.of(question, self._outside.clock()))
        with self._lock:
            known = isinstance(question, ForgetKey) and self._state.keys.of(question.service)
            self._state, answer = answered(
                self._state, question, self._outside.clock(), salt=os.urandom(16), pid=os.getpid()
            )
        if isinstance(question, HoldKey):
            self._watch(question.service)
        elif isinstance(question, Unlock) and isinstance(answer, Done):
            for service in self._state.keys.by_service:
                self._watch(service)
        if known and known.kept:
            self._outside.forget(known.service)
        if isinstance(question, Stop):
            self._stopped_by = threading.current_thread()
        self._poke()
        return answer

    def _watched(self, question: WatchPasses) -> Answer:
        """Watch a service, with the logins at both that it takes to make passes."""
        service = self._own(question.service).service
        self._own(question.lender)
        if self._watches is None:
            raise UsageError("this agent makes no passes")
        self._watches.watch(service)
        return Done()

    def _watch(self, service: str) -> None:
        """Look whether a service waits for passes, of what was lent before this agent began."""
        if self._watches is not None:
            self._watches.watch(plain_service(service), linger=False)

    def _logins(self, ask: Callable[..., bytes]) -> Logins:
        def used(service: str, reason: str) -> Key:
            return self._used(GetToken(service=service, reason=reason))

        return Logins(of=self._own, used=used, ask=ask)

    def _own(self, service: str) -> Key:
        """Return a key for what the agent itself asks: nobody confirms that."""
        key, first = self._given(GetToken(service=service))
        if first.refresh:
            self._refresh(key)
        return self._given(GetToken(service=service))[0]

    def _used(self, question: GetToken) -> Key:
        """Return a key whose token may be used, once what comes before is done."""
        key, first = self._given(question)
        if first.refresh:
            self._refresh(key)
        if first.confirm:
            reason = f" ({question.reason})" if question.reason else ""
            self._outside.confirm(f"May a program use your login at {key.service}?{reason}")
        return self._given(question)[0]  # it may be locked or forgotten by now

    def _given(self, question: GetToken) -> tuple[Key, First]:
        with self._lock:
            return given(self._state, question, self._outside.clock())

    def _refresh_due(self) -> None:
        """Have tokens refreshed whose time has come, in a thread, since services are slow."""
        with self._lock:
            due = self._state.keys.due(self._outside.clock())
        if due and not self._refreshing.locked():
            threading.Thread(target=self._refresh_all, args=(due,), daemon=True).start()

    def _refresh_all(self, due: list[Key]) -> None:
        for key in due:
            self._refresh(key)
        self._poke()

    def _refresh(self, key: Key) -> None:
        """Put the token that its service gives for it in the place of that of ``key``."""
        with self._refreshing:
            with self._lock:
                held = self._state.keys.of(key.service)
            if held is None or held.token != key.token or not held.is_due(self._outside.clock()):
                return  # somebody else was faster
            now = self._outside.clock()
            try:
                new = held.refreshed(*self._outside.refresh(held), now)
            except NotAuthenticated as error:
                new = replace(held, renewable_until=now, trouble=error.message)
            except ParkError as error:
                new = held.not_refreshed(error.message, now)
            self._put(held, new)

    def _put(self, held: Key, new: Key) -> None:
        with self._lock:
            if self._state.keys.of(held.service) is not held:
                return  # forgotten, or logged in anew meanwhile
            self._state = replace(self._state, keys=self._state.keys.with_key(new))
        if new.kept and new.token != held.token:
            with suppress(ParkError):
                self._outside.keep(new)

    def _poke(self) -> None:
        with suppress(OSError):  # it has ended
            self._wake.send(b".")


def _line(connection: socket.socket) -> bytes:
    """Return the question that comes; raises `UsageError` for one without an end."""
    found = b""
    while not found.endswith(b"\n"):
        piece = connection.recv(MOST_BYTES)
        found += piece
        if not piece or len(found) > MOST_BYTES:
            raise UsageError("the question has no end")
    return found
