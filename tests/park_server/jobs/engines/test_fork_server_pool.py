"""Which fork server gets an order, which makes room, and which is taken up after a restart."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from support.faults.deep_folders import deep_folders
from support.labs.job_lab import cages_of_operator
from support.session.limits import LIMIT_S

from park.model.ids import JobId
from park.runtime.order import PROTOCOL
from park_server.jobs.engines import fork_server_pool
from park_server.jobs.engines.control_groups import ControlGroups
from park_server.jobs.engines.engine import AttemptExit, ExitKind, StartOrder
from park_server.jobs.engines.fork_server_client import ServerKey, ServerLink
from park_server.jobs.engines.fork_server_pool import ForkServerPool, LocalEngineSettings
from park_server.jobs.engines.runtime_copy import RuntimeCopy


class Groups(ControlGroups):
    """Notes who would be in which group."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "members", {})
        object.__setattr__(self, "killed", [0])

    members: dict[str, tuple[int, dict[str, int]]]
    killed: list[int]

    def ended_for_memory(self, name: str) -> int:
        """Return what the kernel is to have counted."""
        del name
        return self.killed[0]

    def take_in(self, pid: int, name: str, limits: dict[str, int]) -> None:
        """Note it."""
        self.members[name] = (pid, limits)

    def remove(self, name: str) -> None:
        """Note it."""
        self.members.pop(name, None)


class Servers:
    """A pool whose fork servers are the other ends of their sockets."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.home = home
        self.spawned: list[ServerKey] = []
        self.theirs: dict[Path, socket.socket] = {}
        self.gone: asyncio.Queue[ServerLink] = asyncio.Queue()
        self.environment = home / "env"
        self.environment.mkdir(exist_ok=True)
        self.groups = Groups()
        self.cages = cages_of_operator(home)
        self.pool = ForkServerPool(
            home=home,
            cages=self.cages,
            groups=self.groups,
            runtime=RuntimeCopy(folder=home / "runtime", sha256="ef"),
            settings=LocalEngineSettings(**settings),
            on_message=lambda *_: None,
            on_gone=self.gone.put_nowait,
        )
        monkeypatch.setattr(fork_server_pool, "spawn", self.spawn)
        monkeypatch.setattr(fork_server_pool, "connect", self.connect)

    def spawn(self, *, folder: Path, key: ServerKey, **_: Any) -> tuple[int, socket.socket]:
        self.spawned.append(key)
        self.record(folder, key)
        ours, self.theirs[folder] = socket.socketpair()
        return os.posix_spawn("/bin/true", ["true"], {}), ours

    def record(self, folder: Path, key: ServerKey) -> None:
        folder.mkdir(parents=True)
        (folder / "server.json").write_text(json.dumps(asdict(key)))

    def connect(self, folder: Path) -> socket.socket | None:
        """Find the server that an earlier service started, which has been silent since."""
        if folder not in self.theirs:
            return None
        ours, theirs = socket.socketpair()
        theirs.sendall(self.theirs[folder].recv(999))
        self.theirs[folder].close()
        self.theirs[folder] = theirs
        return ours

    def order(self, module: str = "m", lock: str = "ab", **more: Any) -> StartOrder:
        return StartOrder(
            job_id=JobId("job"),
            attempt=1,
            directory=self.home / "job",
            environment=self.environment,
            lock_hash=lock,
            entry_point=f"{module}:f",
            set_hash="",
            **more,
        )

    def link(self, *args: Any, **more: Any) -> ServerLink:
        return self.pool.link_for(self.order(*args, **more))

    async def say_hello(self, link: ServerLink) -> None:
        self.theirs[link.folder].sendall(b'{"event": "hello"}\n')
        await asyncio.wait_for(link.hello, LIMIT_S)

    def told(self, link: ServerLink) -> list[Any]:
        """Return what a server was told to do so far."""
        theirs = self.theirs[link.folder]
        theirs.setblocking(False)
        try:
            lines = theirs.recv(9999).splitlines()
        except BlockingIOError:
            return []
        return [json.loads(line)["do"] for line in lines]

    async def die(self, link: ServerLink) -> None:
        """Let a server go away, and wait until the pool has seen it."""
        self.theirs.pop(link.folder).close()
        assert await asyncio.wait_for(self.gone.get(), LIMIT_S) is link


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    @asynccontextmanager
    async def made(**settings: Any) -> AsyncIterator[Servers]:
        found = Servers(tmp_path, monkeypatch, **settings)
        try:
            yield found
        finally:
            found.pool.close()
            for each in found.theirs.values():
                each.close()

    return made


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def test_one_server_serves_a_module_of_an_environment(servers: Callable[..., Any]) -> None:
    async def test() -> None:
        async with servers() as here:
            first = here.link()
            assert here.link() is first
            others = [here.link("n"), here.link(lock="cd"), here.link(fresh=True)]
            assert len({first, *others}) == 4
            assert here.link("n", fresh=True) is others[-1]  # a fresh one serves any module
            assert [key.module for key in here.spawned] == ["m", "n", "m", None]

    run(test)


def test_the_one_unused_for_longest_makes_room(servers: Callable[..., Any]) -> None:
    async def test() -> None:
        async with servers(max_servers=2) as here:
            one, two = here.link("one"), here.link("two")
            here.link("one")
            here.link("three")
            assert (here.told(one), here.told(two)) == ([], ["shutdown"])
            assert two in here.pool.links  # until it has gone
            await here.die(two)
            assert two not in here.pool.links

    run(test)


def test_one_without_jobs_makes_room_before_one_that_has_some(servers: Callable[..., Any]) -> None:
    async def test() -> None:
        async with servers(max_servers=2) as here:
            busy, idle = here.link("busy"), here.link("idle")
            busy.jobs["a"] = 0.0
            here.link("three")
            assert (here.told(busy), here.told(idle)) == ([], ["shutdown"])

    run(test)


def test_an_environment_that_was_made_again_has_a_server_of_its_own(
    servers: Callable[..., Any],
) -> None:
    async def test() -> None:
        async with servers() as here:
            before = here.link()
            here.environment.rename(here.home / "old")
            here.environment.mkdir()
            assert here.link() is not before
            assert here.told(before) == ["shutdown"]

    run(test)


def test_one_that_comes_back_has_another_folder_than_the_one_that_leaves(
    servers: Callable[..., Any],
) -> None:
    async def test() -> None:
        async with servers() as here:
            first = here.link()
            await here.say_hello(first)
            here.pool.retire(first)
            second = here.link()
            assert second.folder != first.folder
            await here.die(first)
            assert not first.folder.exists()
            assert here.link() is second

    run(test)


def test_a_module_that_kills_its_server_is_run_fresh_from_then_on(
    servers: Callable[..., Any],
) -> None:
    async def test() -> None:
        async with servers() as here:
            link = here.link()
            (link.folder / "log").write_text("first\nno such library\n\n")
            await here.die(link)
            assert link.last_words == "no such library"
            assert here.link() is here.link(fresh=True)

    run(test)


def test_one_that_dies_later_is_started_again(servers: Callable[..., Any]) -> None:
    async def test() -> None:
        async with servers() as here:
            link = here.link()
            await here.say_hello(link)
            await here.die(link)
            assert link.last_words is None  # it left no log
            assert here.link().key == link.key

    run(test)


def test_the_last_job_begins_the_idle_time_and_the_next_one_ends_it(
    servers: Callable[..., Any],
) -> None:
    async def test() -> None:
        async with servers(idle_s=1e6) as here:
            link = here.link()
            link.jobs |= {"a": 0.0, "b": 0.0}
            here.pool.job_ended(link, "a")
            assert link.idle_timer is None
            here.pool.job_ended(link, "b")
            timer = link.idle_timer
            assert timer is not None
            assert here.link() is link
            assert timer.cancelled()
            assert link.idle_timer is None

    run(test)


def test_one_that_is_idle_for_long_is_let_go(servers: Callable[..., Any]) -> None:
    async def test() -> None:
        async with servers(idle_s=0) as here:
            link = here.link()
            here.pool.job_ended(link, "a")
            told = await asyncio.to_thread(here.theirs[link.folder].recv, 999)
            assert json.loads(told) == {"do": "shutdown"}

    run(test)


@pytest.mark.parametrize("why_not", [None, "is ready", "has a job", "is not ours"])
def test_only_what_nobody_waits_for_is_killed(
    servers: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, why_not: str | None
) -> None:
    async def test() -> None:
        async with servers() as here:
            link, killed = here.link(), []
            monkeypatch.setattr(os, "kill", lambda *given: killed.append(given))
            pid = link.pid
            if why_not == "is ready":
                await here.say_hello(link)
            if why_not == "has a job":
                link.jobs["a"] = 0.0
            if why_not == "is not ours":
                link.pid = None
            here.pool.abandon(link)
            assert killed == ([] if why_not else [(pid, signal.SIGKILL)])
            assert (here.link() is link) is bool(why_not)

    run(test)


def test_one_that_was_killed_in_its_import_is_started_again(
    servers: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with servers() as here:
            link = here.link()
            monkeypatch.setattr(os, "kill", lambda *_: None)
            here.pool.abandon(link)
            await here.die(link)
            assert here.link().key == link.key  # its module did nothing wrong

    run(test)


# -- after a restart


def found(here: Servers, runtime: str = "ef", module: str | None = "m", **hello: Any) -> ServerKey:
    """Leave a server as an earlier service did, that has ``hello`` to say."""
    key = ServerKey(
        lock_hash="ab",
        module=module,
        runtime=runtime,
        made=f"{here.environment.stat().st_ino}-{here.environment.stat().st_ctime_ns}",
        cage=here.cages.of("").digest,
    )
    folder = here.home / "forkservers" / "v1" / f"{key.folder_name}-0"
    here.record(folder, key)
    ours, here.theirs[folder] = socket.socketpair()
    said = {"event": "hello", "module": module, "protocol": PROTOCOL, "running": []} | hello
    ours.sendall(json.dumps(said).encode() + b"\n")
    ours.close()
    return key


def test_a_job_is_told_of_memory_where_the_kernel_ended_something_while_it_ran(
    servers: Callable[..., Any],
) -> None:
    def exited(state: str | None, job: str = "a") -> AttemptExit:
        outcome = None if state is None else {"state": state}
        return AttemptExit(job_id=JobId(job), attempt=1, kind=ExitKind.EXITED, outcome=outcome)

    async def test() -> None:
        async with servers(shared_bytes=300 << 20) as here:
            link, killed, ask = here.link(), here.groups.killed, here.pool.asked_for_memory
            link.jobs |= {"a": time.monotonic(), "long": 0.0}
            assert ask(link, exited("failed")).short_of_memory is None
            killed[0] = 1
            assert "all of the 300.0 MiB" in ask(link, exited(None)).short_of_memory
            assert ask(link, exited("failed")).short_of_memory is None, "it was told before"
            killed[0] = 3
            ask(link, exited("completed", "long"))  # it did not mind
            assert ask(link, exited("failed")).short_of_memory is None, "that was another's"

    run(test)


def test_what_was_ended_before_a_restart_is_told_to_nobody(servers: Callable[..., Any]) -> None:
    async def test() -> None:
        async with servers() as here:
            here.groups.killed[0] = 2
            found(here, running=[{"job": "a"}])
            (link,) = await here.pool.reconnect(jobs_go_on=False)
            exited = AttemptExit(job_id=JobId("a"), attempt=1, kind=ExitKind.LOST)
            assert here.pool.asked_for_memory(link, exited) is exited

    run(test)


def test_a_server_that_answers_is_taken_up_with_its_jobs(servers: Callable[..., Any]) -> None:
    async def test() -> None:
        async with servers() as here:
            found(here, running=[{"job": "a"}, {"job": "b"}])
            (link,) = await here.pool.reconnect(jobs_go_on=False)
            assert set(link.jobs) == {"a", "b"}
            assert link.pid is None
            assert here.link() is link
            assert here.spawned == []

    run(test)


@pytest.mark.parametrize(
    "other",
    [{"runtime": "older"}, {"protocol": PROTOCOL + 1}, {"module": "m", "said": None}],
    ids=["runtime", "protocol", "module"],
)
def test_one_of_other_machinery_leaves_after_its_jobs(
    servers: Callable[..., Any], other: dict[str, Any]
) -> None:
    async def test() -> None:
        async with servers() as here:
            if "said" in other:
                found(here, event="hello", running=[{"job": "a"}], module="m")
                (folder,) = here.theirs
                record = json.loads((folder / "server.json").read_text())
                (folder / "server.json").write_text(json.dumps(record | {"module": "n"}))
            else:
                found(here, running=[{"job": "a"}], **other)
            (link,) = await here.pool.reconnect(jobs_go_on=False)
            assert set(link.jobs) == {"a"}
            assert here.told(link) == ["shutdown"]
            assert here.link(link.key.module or "m") is not link

    run(test)


def test_of_those_that_are_gone_nothing_stays(servers: Callable[..., Any]) -> None:
    async def test() -> None:
        async with servers() as here:
            assert await here.pool.reconnect(jobs_go_on=False) == []  # there never were any
            found(here)
            (folder,) = here.theirs
            here.theirs.pop(folder).close()
            (here.home / "forkservers" / "v1" / "damaged").mkdir()
            (here.home / "forkservers" / "v1" / "damaged" / "server.json").write_text("{")
            assert await here.pool.reconnect(jobs_go_on=False) == []
            assert list((here.home / "forkservers" / "v1").iterdir()) == []

    run(test)


def test_one_that_does_not_answer_is_left_alone(servers: Callable[..., Any]) -> None:
    async def test() -> None:
        async with servers(hello_s=0) as here:
            key = found(here, event="not yet")
            assert await here.pool.reconnect(jobs_go_on=False) == []
            root = here.home / "forkservers" / "v1"
            assert ServerKey.read(root / f"{key.folder_name}-0") == key
            # nor does another one take its folder, in which it may have jobs yet
            assert here.pool._unused_folder(key) == root / f"{key.folder_name}-1"

    run(test)


def test_what_jobs_use_of_one_that_is_gone_stays_until_they_have_ended(
    servers: Callable[..., Any],
) -> None:
    async def test() -> None:
        async with servers() as here:
            key = found(here)
            (folder,) = here.theirs
            here.theirs.pop(folder).close()
            tmp = here.home / "jobs" / ".lent" / f"{key.folder_name}-0" / "tmp"
            pilots = here.home / "jobs" / ".lent" / "pilot"
            for each in (tmp, pilots):
                each.mkdir(parents=True)
            deep_folders(tmp, 1_500)  # what a job may leave in its /tmp
            assert await here.pool.reconnect(jobs_go_on=True) == []
            assert tmp.exists()
            assert await here.pool.reconnect(jobs_go_on=False) == []
            assert (tmp.exists(), pilots.exists()) == (False, True)

    run(test)
