"""One fork server as the service sees it: what it gets, what it is known by, what it says."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from support.session.limits import LIMIT_S

from park.model.ids import JobId
from park.runtime.lines import LineSocket
from park.runtime.order import ServerSettings
from park_server.jobs.engines import fork_server_client
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.fork_server_client import (
    ServerKey,
    ServerLink,
    making_of,
    server_variables,
    spawn,
)
from park_server.jobs.engines.helper_process import connect
from park_server.jobs.engines.runtime_copy import RuntimeCopy

KEY = ServerKey(lock_hash="l", module="m", runtime="r", made="1-2")


def test_variables_are_chosen_not_inherited(tmp_path: Path) -> None:
    base = {"PATH": "/usr/bin", "HOME": "/home/park", "UV_INDEX_PASSWORD": "x", "PYTHONPATH": "y"}
    runtime = RuntimeCopy(folder=tmp_path, sha256="00")
    assert server_variables(base, Path("/env"), runtime, Path("/cache")) == {
        "HOME": "/home/park",
        "PATH": "/env/bin:/usr/bin",
        "VIRTUAL_ENV": "/env",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": "/cache",
        "PARK_RUNTIME": str(tmp_path / "lib"),
    }


def test_a_server_is_known_by_its_record(tmp_path: Path) -> None:
    key = ServerKey(lock_hash="l", module=None, runtime="r")
    assert ServerKey.read(tmp_path) is None
    (tmp_path / "server.json").write_text('{"lock_hash": "l", "module": null, "runtime": "r"}')
    assert ServerKey.read(tmp_path) == key
    (tmp_path / "server.json").write_text('{"other": 1}')
    assert ServerKey.read(tmp_path) is None


@pytest.mark.parametrize(
    "change", [{"lock_hash": "k"}, {"module": None}, {"runtime": "s"}, {"made": "1-3"}]
)
def test_what_is_served_names_the_folder(change: dict[str, Any]) -> None:
    assert replace(KEY, **change).folder_name != KEY.folder_name
    assert ServerKey(**asdict(KEY)).folder_name == KEY.folder_name


def test_an_environment_that_was_made_again_is_another(tmp_path: Path) -> None:
    first, second = tmp_path / "env", tmp_path / "beside"
    first.mkdir()
    second.mkdir()
    before = making_of(first)
    assert making_of(first) == before
    first.rename(tmp_path / "old")
    second.rename(first)
    assert making_of(first) != before
    with pytest.raises(FileNotFoundError):
        making_of(tmp_path / "absent")


# -- how it is started


def spawned(folder: Path, environment: Path) -> tuple[int, socket.socket]:
    return spawn(
        folder=folder,
        key=KEY,
        environment=environment,
        runtime=RuntimeCopy(folder=folder, sha256="00"),
        settings=ServerSettings(module="m", library="/lib", idle_s=1.0, spares=0),
        read_only=[Path("/shown")],
        cage=["alone"],
        variables={"SAID": "passed on"},
    )


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment whose interpreter says what it got, and what it is to serve."""
    program = tmp_path / "env" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$SAID, $PATH"\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    return tmp_path / "env"


def test_a_server_is_started_with_its_record_and_its_socket(
    tmp_path: Path, environment: Path
) -> None:
    folder = tmp_path / ("long" * 40) / "server"
    (folder / "left").mkdir(parents=True)  # of one that died
    pid, connection = spawned(folder, environment)
    os.waitpid(pid, 0)
    connection.close()
    assert ServerKey.read(folder) == KEY
    assert sorted(os.listdir(folder)) == ["log", "server.json", "socket"]  # noqa: PTH208
    assert folder.stat().st_mode & 0o777 == 0o700
    said = (folder / "log").read_text().splitlines()
    assert said[0].startswith("passed on, ")
    assert "/shown" in said
    assert "fork-server" in said
    assert json.loads(said[-1])["module"] == "m"


def test_an_interpreter_that_is_not_there_leaves_no_connection(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawned(tmp_path / "server", tmp_path / "absent")
    assert connect(tmp_path / "server") is None


def test_nobody_is_found_where_no_socket_is(tmp_path: Path) -> None:
    assert connect(tmp_path) is None
    assert connect(tmp_path / "absent") is None


# -- what is said


class Heard:
    """A link, the other end of its connection, and what came of it."""

    def __init__(self, ours: socket.socket, theirs: socket.socket) -> None:
        self.theirs = theirs
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.link = ServerLink(
            key=KEY,
            folder=Path("/absent"),
            line=LineSocket(ours),
            on_message=lambda _, message: self.messages.put_nowait(message),
            on_gone=lambda _: self.gone.set(),
        )
        self.link.open()

    def say(self, **message: Any) -> None:
        self.theirs.sendall(json.dumps(message).encode() + b"\n")

    async def hear(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.messages.get(), LIMIT_S)


@contextmanager
def linked() -> Iterator[Heard]:
    ours, theirs = socket.socketpair()
    heard = Heard(ours, theirs)
    try:
        yield heard
    finally:
        heard.link.close()
        theirs.close()


def test_a_server_is_ready_when_it_has_said_hello() -> None:
    async def test() -> None:
        with linked() as heard:
            assert not heard.link.is_ready
            heard.say(event="started", job="a")
            heard.say(event="hello", module="m")
            heard.say(event="hello", module="n")
            assert [(await heard.hear())["event"] for _ in range(3)] == ["started", *2 * ["hello"]]
            assert heard.link.is_ready
            assert (await heard.link.hello or {})["module"] == "m"

    asyncio.run(test())


def test_one_that_goes_away_before_it_is_ready_never_was() -> None:
    async def test() -> None:
        with linked() as heard:
            heard.theirs.close()
            await asyncio.wait_for(heard.gone.wait(), LIMIT_S)
            assert heard.link.hello.result() is None
            assert not heard.link.is_ready
            assert not heard.link.is_open
            heard.link.send(do="shutdown")  # nobody is there: nothing happens

    asyncio.run(test())


def test_all_who_ask_are_answered_at_once() -> None:
    async def test() -> None:
        with linked() as heard:
            asked = [asyncio.ensure_future(heard.link.status()) for _ in range(2)]
            await asyncio.sleep(0)
            assert heard.theirs.recv(99) == b'{"do": "status"}\n' * 2
            heard.say(event="status", rss=7)
            assert await asyncio.gather(*asked) == [{"event": "status", "rss": 7}] * 2

    asyncio.run(test())


def test_one_that_does_not_answer_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_server_client, "_STATUS_S", 0.0)

    async def test() -> None:
        with linked() as heard:
            assert await heard.link.status() is None
            heard.say(event="status")
            assert (await heard.hear())["event"] == "status"  # too late, and no harm

    asyncio.run(test())


def test_what_the_other_end_does_not_read_yet_is_sent_later() -> None:
    async def test() -> None:
        with linked() as heard:
            text = "x" * (4 << 20)
            heard.link.send(do=text)
            assert heard.link.line.has_output
            received = 0
            while received < len(text):
                received += len(await asyncio.to_thread(heard.theirs.recv, 1 << 20))
            assert received == len(json.dumps({"do": text})) + 1

    asyncio.run(test())


def test_it_forks_what_asks_for_no_interpreter_of_its_own_once_it_has_imported() -> None:
    order = StartOrder(
        job_id=JobId("1"),
        attempt=1,
        directory=Path("/absent"),
        environment=Path("/absent"),
        lock_hash="l",
        entry_point="m:f",
        set_hash="",
    )

    async def test() -> None:
        for module, forks in (("m", True), (None, False)):  # None: forking was not safe
            with linked() as here:
                assert not here.link.forks(order)
                here.say(event="hello", module=module)
                await asyncio.wait_for(asyncio.shield(here.link.hello), LIMIT_S)
                assert here.link.forks(order) is forks
                assert not here.link.forks(replace(order, fresh=True))

    asyncio.run(test())
