"""The agent at its socket: who is answered, what comes first, when it ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from support.session.limits import LIMIT_S

from park.agent import talk as module
from park.agent.answering import State
from park.agent.client import AgentClient
from park.agent.keys import Key, Keys
from park.agent.messages import (
    Answer,
    Done,
    ForgetKey,
    GetToken,
    HoldKey,
    ListKeys,
    Lock,
    Stop,
    Token,
    Unlock,
    WatchPasses,
    decoded,
    encoded,
)
from park.agent.messages import Keys as KeyList
from park.agent.places import socket_in
from park.agent.talk import IDLE_S, AgentServer, Outside
from park.errors import (
    NotAuthenticated,
    NotPermitted,
    ServiceUnreachable,
    UnknownItem,
    UsageError,
)

LAB = "https://lab.example"


@dataclass
class World:
    """What the agent asks of the world, and its clock."""

    now: float = 1000.0
    ask: Callable[..., bytes] | None = None
    refresh: Callable[[Key], tuple[Token, float | None]] | None = None
    refuses: bool = False
    asked: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    keeps: threading.Event = field(default_factory=threading.Event)

    def outside(self) -> Outside:
        return Outside(
            confirm=self._confirm, refresh=self._refresh, keep=self._keep,
            forget=self._forget,
            clock=lambda: self.now, ask=self.ask,
        )  # fmt: skip

    def _confirm(self, question: str) -> None:
        self.asked.append(question)
        if self.refuses:
            raise NotPermitted("its user did not confirm it")

    def _keep(self, key: Key) -> None:
        self.kept[key.service] = key.token
        self.keeps.set()

    def _forget(self, service: str) -> None:
        self.kept.pop(service, None)

    def _refresh(self, key: Key) -> tuple[Token, float | None]:
        assert self.refresh is not None
        return self.refresh(key)


@contextmanager
def agent(folder: Path, world: World, state: State | None = None) -> Iterator[AgentClient]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_in(folder)))
        listener.listen()
        serving = AgentServer(listener, world.outside(), state)
        thread = threading.Thread(target=serving.serve)
        thread.start()
        client = AgentClient(folder)
        try:
            yield client
        finally:
            with suppress(ServiceUnreachable):  # it may have ended by itself
                client.ask(Stop())
            thread.join(LIMIT_S)
            assert not thread.is_alive()


def renewing(key: Key) -> tuple[Token, float | None]:
    return Token(token=f"{key.token}+", expires=2000.0), 9000.0


def test_a_key_is_held_given_out_listed_and_forgotten(tmp_path: Path) -> None:
    with agent(tmp_path, World()) as client:
        assert client.ask(HoldKey(service=LAB, token="t", user="ada")) == Done()
        assert client.ask(GetToken(service=LAB)) == Token(token="t", user="ada")
        listed = client.ask(ListKeys())
        assert isinstance(listed, KeyList)
        assert [key.user for key in listed.keys] == ["ada"]
        client.ask(ForgetKey(service=LAB))
        with pytest.raises(UnknownItem) as caught:
            client.ask(GetToken(service=LAB))
        assert caught.value.hint == f"park login {LAB}"


def test_a_token_is_refreshed_when_it_is_asked_for_at_half_of_its_time(tmp_path: Path) -> None:
    world = World(refresh=renewing)
    with agent(tmp_path, world) as client:
        client.ask(HoldKey(service=LAB, token="t", expires=1100.0, renewable_until=9000.0))
        assert client.ask(GetToken(service=LAB)) == Token(token="t", expires=1100.0)
        world.now = 1060.0
        assert client.ask(GetToken(service=LAB)) == Token(token="t+", expires=2000.0)


def test_and_by_itself(tmp_path: Path) -> None:
    world = World(refresh=renewing, now=1060.0)
    held = HoldKey(service=LAB, token="t", expires=1100.0, renewable_until=9000.0, keep=True)
    state = State(keys=Keys().with_key(Key.of(held, 1000.0)))
    with agent(tmp_path, world, state):
        assert world.keeps.wait(LIMIT_S)
    assert world.kept == {LAB: "t+"}  # the refreshed one is in the keyring, too


def test_a_service_that_is_away_leaves_the_token_and_one_that_refuses_is_not_asked_again(
    tmp_path: Path,
) -> None:
    def away(_: Key) -> tuple[Token, float | None]:
        raise ServiceUnreachable("away")

    def refusing(_: Key) -> tuple[Token, float | None]:
        raise NotAuthenticated("revoked")

    for refresh, trouble in ((away, "away"), (refusing, "revoked")):
        world = World(refresh=refresh)
        (tmp_path / trouble).mkdir()
        with agent(tmp_path / trouble, world) as client:
            client.ask(HoldKey(service=LAB, token="t", expires=1100.0, renewable_until=9000.0))
            world.now = 1060.0
            assert client.ask(GetToken(service=LAB)) == Token(token="t", expires=1100.0)
            listed = client.ask(ListKeys())
            assert isinstance(listed, KeyList)
            assert listed.keys[0].trouble == trouble


def test_each_use_is_confirmed_where_that_was_asked_for(tmp_path: Path) -> None:
    world = World()
    with agent(tmp_path, world) as client:
        client.ask(HoldKey(service=LAB, token="t", confirm=True))
        assert isinstance(client.ask(GetToken(service=LAB, reason="park run")), Token)
        world.refuses = True
        with pytest.raises(NotPermitted, match="did not confirm"):
            client.ask(GetToken(service=LAB))
    assert world.asked[0] == f"May a program use your login at {LAB}? (park run)"
    assert len(world.asked) == 2


def test_the_keyring_has_what_was_meant_for_it_and_not_after_the_logout(tmp_path: Path) -> None:
    world = World()
    with agent(tmp_path, world) as client:
        client.ask(HoldKey(service=LAB, token="t", keep=True))
        client.ask(HoldKey(service="https://b", token="u"))
        assert world.kept == {LAB: "t"}
        client.ask(ForgetKey(service=LAB))
        assert world.kept == {}


def test_a_locked_agent_puts_nothing_into_the_keyring(tmp_path: Path) -> None:
    """It would come back with the next agent, in place of what was there."""
    world = World()
    with agent(tmp_path, world) as client:
        client.ask(Lock(passphrase="p"))
        with pytest.raises(NotPermitted, match="is locked"):
            client.ask(HoldKey(service=LAB, token="another", keep=True))
        assert not world.keeps.is_set()


@pytest.mark.parametrize("sent", [b"", b"nonsense\n", b'{"is":"Done"}\n', b"x" * 100_000])
def test_what_is_no_question_is_refused_and_the_next_is_answered(
    tmp_path: Path, sent: bytes
) -> None:
    with agent(tmp_path, World()) as client:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT_S)
            connection.connect(str(socket_in(tmp_path)))
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(1 << 16)
        assert answer == b"" or type(decoded(answer)).__name__ == "Refusal"
        assert isinstance(client.ask(ListKeys()), KeyList)


def test_another_user_gets_no_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with agent(tmp_path, World()) as client:
        client.ask(HoldKey(service=LAB, token="t"))
        with monkeypatch.context() as patch:
            patch.setattr(module, "require_own_peer", _somebody_else)
            with pytest.raises(ServiceUnreachable):
                client.ask(GetToken(service=LAB))


def _somebody_else(*_: object) -> None:
    raise NotPermitted("the other end of the agent's socket is user 7, not 8")


def ask_for_ever(client: AgentClient) -> None:
    while True:  # each question has it look at the clock
        client.ask(ListKeys())


def test_one_that_has_held_nothing_for_a_while_ends_by_itself(tmp_path: Path) -> None:
    world = World()
    with agent(tmp_path, world) as client:
        client.ask(HoldKey(service=LAB, token="t", lifetime_s=IDLE_S))
        world.now += IDLE_S - 1
        client.ask(ListKeys())
        world.now += IDLE_S + 2
        with pytest.raises(ServiceUnreachable, match="no agent answers"):
            ask_for_ever(client)


def test_who_is_answered_while_another_stops_it_does_not_end_it_before_that_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, asking = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def confirm(_: str) -> None:
        threads.append(threading.current_thread())
        asking.set()
        assert stopping.wait(LIMIT_S)

    def encoded_late(answer: Answer) -> bytes:
        if answer == Done():  # the answer to Stop: the other one is answered, and gone, by now
            stopping.set()
            threads[0].join(LIMIT_S)
            assert not serving._is_over()
        return encoded(answer)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_in(tmp_path)))
        listener.listen()
        held = HoldKey(service=LAB, token="t", confirm=True)
        outside = replace(World().outside(), confirm=confirm)
        keys = Keys().with_key(Key.of(held, 1000.0))
        serving = AgentServer(listener, outside, State(keys=keys))
        monkeypatch.setattr(module, "encoded", encoded_late)
        thread = threading.Thread(target=serving.serve)
        thread.start()
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(str(socket_in(tmp_path)))
            other.sendall(encoded(GetToken(service=LAB)))
            assert asking.wait(LIMIT_S)
            assert AgentClient(tmp_path).ask(Stop()) == Done()
        thread.join(LIMIT_S)
        assert not thread.is_alive()


def test_many_ask_at_once(tmp_path: Path) -> None:
    found: list[object] = []
    with agent(tmp_path, World()) as client:
        client.ask(HoldKey(service=LAB, token="t"))
        threads = [
            threading.Thread(target=lambda: found.append(client.ask(GetToken(service=LAB))))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_S)
    assert found == [Token(token="t")] * 20


def test_passes_are_watched_for_from_a_login_and_again_when_it_is_unlocked(tmp_path: Path) -> None:
    asked: list[str] = []
    came = threading.Semaphore(0)

    def ask(key: Key, method: str, path: str, *_: object, **__: object) -> bytes:
        asked.append(f"{method} {key.service}{path.partition('?')[0]}")
        came.release()
        raise UnknownItem("a service of an earlier park")

    with agent(tmp_path, World(ask=ask)) as client:
        client.ask(HoldKey(service=LAB, token="t"))
        assert came.acquire(timeout=LIMIT_S)
        with pytest.raises(UnknownItem, match="holds no token"):
            client.ask(WatchPasses(service=LAB, lender="https://other.example"))
        client.ask(Lock(passphrase="p"))
        with pytest.raises(NotPermitted, match="is locked"):
            client.ask(WatchPasses(service=LAB, lender=LAB))
        for thread in threading.enumerate():  # the one that had no answer has ended
            if "_watch" in thread.name:
                thread.join(LIMIT_S)
        client.ask(Unlock(passphrase="p"))
        assert came.acquire(timeout=LIMIT_S)
    assert asked == [f"GET {LAB}/api/v1/passes/wanted"] * 2


def test_an_agent_that_asks_no_service_makes_no_passes(tmp_path: Path) -> None:
    with agent(tmp_path, World()) as client:
        client.ask(HoldKey(service=LAB, token="t"))
        with pytest.raises(UsageError, match="makes no passes"):
            client.ask(WatchPasses(service=LAB, lender=LAB))
