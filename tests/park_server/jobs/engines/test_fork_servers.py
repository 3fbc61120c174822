"""What the engine tells of its fork servers, and what it hears from marked jobs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from support.labs.job_lab import Fifo, JobLab, is_running, make_environment

from park.model.ids import JobId
from park.runtime.codec import decode

LAB_MARKED = """
import park

@park.job(restartable=True, timeout=60, stalled_after=30)
def marked():
    return "ran"

def plain():
    return "ran"
"""


LAB_EARLY = """
import errno, os

def scribbled():
    try:
        open(os.path.join(os.environ["VIRTUAL_ENV"], "scribble"), "w")
    except OSError as error:
        return errno.errorcode[error.errno]
    return "scribbled"

AT_START = scribbled() if "VIRTUAL_ENV" in os.environ else None

def told():
    return [AT_START, scribbled()]
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_environment(tmp_path_factory.mktemp("servers") / "venv")
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "lab_marked.py").write_text(LAB_MARKED)
    (site / "lab_early.py").write_text(LAB_EARLY)
    (site / "lab_early.pth").write_text("import lab_early\n")
    return folder


@pytest.fixture
def lab(tmp_path: Path, environment: Path) -> JobLab:
    return JobLab(tmp_path / "home", environment)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


@pytest.mark.parametrize("fresh", [False, True], ids=["forked", "fresh"])
def test_what_the_decorator_says_is_told(lab: JobLab, *, fresh: bool) -> None:
    async def test() -> None:
        engine = lab.engine()
        marked = lab.order("lab_marked:marked", fresh=fresh)
        plain = lab.order("lab_marked:plain", fresh=fresh)
        for order in (marked, plain):
            ended = await lab.run(engine, order)
            assert decode((ended.outcome or {})["result"], set_hash=None) == "ran"
        assert await lab.sink.marked[marked.job_id] == 1
        assert plain.job_id not in lab.sink.marked
        record = json.loads((marked.directory / "marks.json").read_text())
        limits = {"stalled_after_s": 30, "timeout_s": 60}
        assert record == {"attempt": 1, "restartable": True, "memo": True, **limits}
        assert not (plain.directory / "marks.json").exists()
        await engine.shut_down()

    run(test)


@pytest.mark.parametrize("fresh", [False, True], ids=["forked", "fresh"])
def test_code_of_pth_files_cannot_write_either(lab: JobLab, *, fresh: bool) -> None:
    folder = lab.environment.parent
    order = lab.order("lab_early:told", fresh=fresh, read_only=(folder,))
    if not protects(folder):
        pytest.skip("this machine permits no mount namespace")

    async def test() -> None:
        engine = lab.engine()
        ended = await lab.run(engine, order)
        assert decode((ended.outcome or {})["result"], set_hash=None) == ["EROFS", "EROFS"]
        await engine.shut_down()

    run(test)


def protects(folder: Path) -> bool:
    code = (
        "import sys; from park.runtime.protect import protect; sys.exit(not protect([sys.argv[1]]))"
    )
    return subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == 0


def test_fork_servers_and_their_memory_are_told(lab: JobLab) -> None:
    async def test() -> None:
        engine = lab.engine(spares=1)
        assert await engine.fork_servers() == []
        await lab.run(engine, lab.order("lab:add", 1))
        await lab.run(engine, lab.order("lab_threads:which"))
        by_module = {server.module: server for server in await engine.fork_servers()}
        assert by_module["lab"].memory_bytes > 2**20
        assert (by_module["lab"].running, by_module["lab"].reason) == (0, None)
        assert "started threads" in str(by_module[None].reason)
        await engine.shut_down()
        assert await engine.fork_servers() == []

    run(test)


def test_why_a_job_was_not_forked_is_known_beyond_its_fork_server(lab: JobLab) -> None:
    async def test() -> None:
        engine = lab.engine()
        ended = await lab.run(engine, lab.order("lab_native:which"))
        # in an interpreter of its own the import starts the thread again, and it is there
        assert decode((ended.outcome or {})["result"], set_hash=None) == 2
        await lab.run(engine, lab.order("lab:add", 1))
        await lab.run(engine, lab.order("lab_exits:nothing"))
        engine.renew("lock")
        assert "started a native thread" in str(engine.why_fresh("lock", "lab_native:which", "ada"))
        assert "ended the process" in str(engine.why_fresh("lock", "lab_exits:f", "ada"))
        assert engine.why_fresh("lock", "lab:add", "ada") is None
        assert engine.why_fresh("another", "lab_native:which", "ada") is None
        await engine.shut_down()

    run(test)


@pytest.mark.parametrize("fresh", [False, True], ids=["forked", "fresh"])
def test_what_a_job_uses_of_the_processor_is_told(
    lab: JobLab, tmp_path: Path, *, fresh: bool
) -> None:
    pipe = Fifo(tmp_path / "up")

    async def test() -> None:
        engine = lab.engine()
        order = lab.order("lab:stubborn", str(pipe.path), fresh=fresh)
        await engine.start(order, lab.sink)
        await pipe.read()
        used = engine.processor_use(order.job_id)
        assert used is not None
        assert used.is_forked is not fresh
        assert used.cpu_s >= 0
        assert engine.processor_use(JobId("another")) is None
        await engine.cancel(order.job_id, 0.05)
        await engine.shut_down()
        pipe.close()

    run(test)


def test_a_changed_environment_is_imported_anew(lab: JobLab) -> None:
    async def test() -> None:
        engine = lab.engine()
        await lab.run(engine, lab.order("lab:add", 1))
        (before,) = await engine.fork_servers()
        engine.renew("another")
        assert [server.pid for server in await engine.fork_servers()] == [before.pid]
        engine.renew("lock")
        await lab.run(engine, lab.order("lab:add", 1))
        pids = [server.pid for server in await engine.fork_servers()]
        assert before.pid not in pids
        assert len(pids) == 1
        assert not is_running(before.pid)
        await engine.shut_down()

    run(test)


def test_an_environment_that_was_made_again_has_new_fork_servers(tmp_path: Path) -> None:
    lab = JobLab(tmp_path / "home", make_environment(tmp_path / "venv"))

    async def test() -> None:
        engine = lab.engine()
        await lab.run(engine, lab.order("lab:add", 1))
        (before,) = await engine.fork_servers()
        lab.environment.rename(lab.environment.with_name("aside"))
        make_environment(lab.environment)
        for _ in range(2):
            await lab.run(engine, lab.order("lab:add", 1))
        (after,) = await engine.fork_servers()
        assert after.pid != before.pid
        assert not is_running(before.pid)
        await engine.shut_down()

    run(test)
