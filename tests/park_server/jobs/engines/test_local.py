"""The local engine against a plain virtual environment: results, failures, cancels, crashes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.labs.job_lab import Fifo, JobLab, is_running, make_environment

from park.model.ids import JobId
from park.runtime.codec import CodecError, decode, encode_call
from park_server.jobs.engines import local
from park_server.jobs.engines.engine import AttemptExit, ExitKind, StartOrder
from park_server.jobs.engines.evidence import Evidence, finished_evidence
from park_server.jobs.engines.local import LocalEngine

Pipes = Callable[[str], Fifo]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture
def lab(tmp_path: Path, environment: Path) -> JobLab:
    # a long home: the path of a socket may have 107 bytes, that of a home any number
    return JobLab(tmp_path / ("home-" + "x" * 100), environment)


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipes]:
    """Make named pipes that are closed at the end."""
    with ExitStack() as stack:

        def make(name: str) -> Fifo:
            fifo = Fifo(tmp_path / name)
            stack.callback(fifo.close)
            return fifo

        yield make


def waiting_job(lab: JobLab, pipe: Pipes) -> tuple[StartOrder, Fifo, Fifo]:
    """Return an order for a job that writes its pid to one pipe and waits for another."""
    fifo, up = pipe("fifo"), pipe("fifo.up")
    return lab.order("lab:wait_for", str(fifo.path)), up, fifo


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def fork_server_of(pid: int) -> int:
    """Return the fork server of the job ``pid``: the parent of what forks for it."""
    return parent_of(parent_of(pid))


@asynccontextmanager
async def opened(lab: JobLab, **settings: Any) -> AsyncIterator[LocalEngine]:
    engine = lab.engine(**settings)
    try:
        yield engine
    finally:
        await engine.shut_down()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def ends(lab: JobLab, entry_point: str, *args: Any, **changes: Any) -> AttemptExit:
    """Run one job on an engine of its own."""

    async def one() -> AttemptExit:
        async with opened(lab) as engine:
            return await lab.run(engine, lab.order(entry_point, *args, **changes))

    return asyncio.run(one())


def result_of(ended: AttemptExit) -> Any:
    assert ended.outcome is not None, ended
    assert ended.outcome["state"] == "completed", ended
    return decode(ended.outcome["result"], set_hash="set")


def error_of(ended: AttemptExit) -> str:
    assert ended.outcome is not None, ended
    assert ended.outcome["state"] == "failed"
    return str(ended.outcome["error"])


# -- results


@pytest.mark.parametrize("fresh", [False, True])
def test_a_result_comes_back(lab: JobLab, *, fresh: bool) -> None:
    began = time.time()
    ended = ends(lab, "lab:add", 20, 22, fresh=fresh)
    assert ended.kind is ExitKind.EXITED
    assert result_of(ended) == 42
    assert began < lab.sink.begun[ended.job_id, ended.attempt] <= time.time()
    assert ended.detail is None


@pytest.mark.parametrize("size", [10, 400_000])
def test_a_large_outcome_is_read_beside_the_event_loop(
    lab: JobLab, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    readers: list[threading.Thread] = []

    def read(order: StartOrder) -> Evidence:
        readers.append(threading.current_thread())
        return finished_evidence(order)

    monkeypatch.setattr(local, "finished_evidence", read)
    assert result_of(ends(lab, "lab:add", "x" * size, "y")) == "x" * size + "y"
    assert [each is threading.main_thread() for each in readers] == [size == 10]


@pytest.mark.parametrize("fresh", [False, True])
def test_a_job_is_a_process_of_its_own_in_its_work_directory(lab: JobLab, *, fresh: bool) -> None:
    order = lab.order("lab:process", fresh=fresh)

    async def test() -> None:
        async with opened(lab) as engine:
            seen = result_of(await lab.run(engine, order))
            assert seen["pid"] == seen["sid"] == seen["pgid"] == await lab.sink.start_of("job-1")
            assert seen["ppid"] != os.getpid()
            assert seen["cwd"] == str(order.directory / "work")
            assert seen["stdin"] == ""
            assert seen["argv"] == ["lab:process"]

    run(test)


def test_output_and_files_are_in_the_folder(lab: JobLab) -> None:
    order = lab.order("lab:greet")

    async def test() -> None:
        async with opened(lab) as engine:
            await lab.run(engine, order)

    run(test)
    assert (order.directory / "stdout").read_text() == "to stdout\n"
    assert (order.directory / "stderr").read_text() == "to stderr\n"
    assert [path.name for path in (order.directory / "work").iterdir()] == ["left.txt"]


def test_variables_of_the_job_and_none_of_the_service(
    lab: JobLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_TOKEN", "a secret of the service")
    names = ("PARK_TOKEN", "MINE", "PARK_JOB_ID", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
    seen = result_of(ends(lab, "lab:environment", *names, variables={"MINE": "yes"}))
    assert seen == {
        "PARK_TOKEN": None,
        "MINE": "yes",
        "PARK_JOB_ID": "job-1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "VIRTUAL_ENV": str(lab.environment),
    }


def test_progress_is_written_by_the_park_of_the_service(lab: JobLab) -> None:
    order = lab.order("lab:report", 2)

    async def test() -> None:
        async with opened(lab) as engine:
            seen = result_of(await lab.run(engine, order))
            assert seen == str(order.directory / "work")

    run(test)
    lines = (order.directory / "progress.jsonl").read_text().splitlines()
    reports = [json.loads(line) for line in lines]
    assert [(r["done"], r["total"], r["values"]) for r in reports] == [
        (1, 2, {"chisq": 1.5}),
        (2, 2, {"chisq": None}),
    ]


def test_a_file_argument_is_a_path_in_the_inputs(lab: JobLab) -> None:
    order = lab.order("lab:read")
    node = {"$park": "file", "sha256": "ab" * 32, "name": "run.txt"}
    (order.directory / "call.json").write_text(json.dumps({"args": [node], "kwargs": {}}))
    folder = order.directory / "inputs" / ("ab" * 32)
    folder.mkdir(parents=True)
    (folder / "run.txt").write_text("measured")

    async def test() -> None:
        async with opened(lab) as engine:
            assert result_of(await lab.run(engine, order)) == "measured"

    run(test)


def test_an_object_is_pickled_for_its_own_set_only(lab: JobLab) -> None:
    ended = ends(lab, "lab:make_thing")
    assert ended.outcome is not None
    with pytest.raises(CodecError, match=r"lab\.Thing pickled under the set set"):
        decode(ended.outcome["result"], set_hash="another")
    order = lab.order("lab:use_thing")
    call = {"args": [ended.outcome["result"]], "kwargs": {}}
    (order.directory / "call.json").write_text(json.dumps(call))

    async def test() -> None:
        async with opened(lab) as engine:
            assert result_of(await lab.run(engine, order)) == 42

    run(test)


def test_methods_and_coroutine_functions_are_entry_points(lab: JobLab) -> None:
    assert result_of(ends(lab, "lab:Thing.static", 1)) == 2
    assert result_of(ends(lab, "lab:coroutine")) == "awaited"


def test_threads_and_exit_handlers_end_before_the_job_does(lab: JobLab) -> None:
    order = lab.order("lab:late")

    async def test() -> None:
        async with opened(lab) as engine:
            assert result_of(await lab.run(engine, order)) == "returned"
            assert (order.directory / "stdout").read_text() == "thread done\nexit handler\n"

    run(test)


def test_what_a_job_leaves_running_ends_with_it(lab: JobLab) -> None:
    async def test() -> None:
        async with opened(lab) as engine:
            await gone(result_of(await lab.run(engine, lab.order("lab:orphan"))))

    run(test)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_daemon_ends_with_the_job_that_left_it(lab: JobLab, *, fresh: bool) -> None:
    async def test() -> None:
        async with opened(lab) as engine:
            order = replace(lab.order("lab:daemon"), fresh=fresh)
            await gone(result_of(await lab.run(engine, order)))

    run(test)


def test_a_daemon_ends_with_the_job_that_died(lab: JobLab) -> None:
    order = lab.order("lab:daemon", None, True)

    async def test() -> None:
        async with opened(lab) as engine:
            assert (await lab.run(engine, order)).kind is ExitKind.SIGNALLED
            await gone(int((order.directory / "stdout").read_text()))

    run(test)


# -- failures: one clear line each


@pytest.mark.parametrize(
    ("entry_point", "args", "line"),
    [
        ("lab:fail", (), "ValueError: no such layer"),
        ("lab:leave", (3,), "the job called sys.exit(3) instead of returning a result"),
        ("lab:leave", (0,), "the job called sys.exit(0) instead of returning a result"),
        ("lab:coroutin", (), "lab has no 'coroutin'; did you mean coroutine?"),
        ("lab:Thing.dubble", (), "lab.Thing has no 'dubble'; did you mean double?"),
        ("lab:os", (), "lab:os is a module, not a callable"),
        ("lab_absent:f", (), "no module named lab_absent in the environment of the job"),
        (
            "lab_broken:f",
            (),
            "cannot import lab_broken: ModuleNotFoundError: No module named 'lab_absent'",
        ),
        (
            "lab:unserialisable",
            (),
            (
                "cannot serialise the result: a value of type _thread.lock cannot be pickled: "
                "cannot pickle '_thread.lock' object"
            ),
        ),
    ],
)
def test_a_failure_says_why_in_one_line(
    lab: JobLab, entry_point: str, args: tuple[Any, ...], line: str
) -> None:
    ended = ends(lab, entry_point, *args)
    assert ended.kind is ExitKind.EXITED
    assert error_of(ended) == line


def test_the_traceback_starts_in_the_code_of_the_user(lab: JobLab) -> None:
    ended = ends(lab, "lab:fail")
    assert ended.outcome is not None
    first, second, *_ = ended.outcome["traceback"].splitlines()
    assert first == "Traceback (most recent call last):"
    assert second.endswith(", in fail")
    assert "ValueError: no such layer\nsecond line" in ended.outcome["traceback"]


def test_an_exit_without_outcome_is_told(lab: JobLab) -> None:
    ended = ends(lab, "lab:drop_dead", 9)
    assert (ended.kind, ended.status, ended.outcome) == (ExitKind.EXITED, 9, None)
    assert ended.detail == "the process ended with exit status 9 and left no result"


def test_the_status_of_a_lost_claim_may_be_a_users_own(lab: JobLab) -> None:
    assert ends(lab, "lab:drop_dead", 75).status == 75


def test_an_end_by_a_signal_is_told(lab: JobLab) -> None:
    ended = ends(lab, "lab:kill_itself", int(signal.SIGSEGV))
    assert (ended.kind, ended.signal) == (ExitKind.SIGNALLED, signal.SIGSEGV)
    assert ended.detail is not None
    assert ended.detail.startswith("the process was killed by SIGSEGV")


def test_the_memory_limit_holds(lab: JobLab) -> None:
    assert result_of(ends(lab, "lab:eat", 10, memory_bytes=2**28)) == 10 * 2**20
    ended = ends(lab, "lab:eat", 400, memory_bytes=2**28)
    assert error_of(ended).startswith("out of memory: the job's limit is 256 MiB")


def test_a_damaged_call_fails_the_job(lab: JobLab) -> None:
    order = lab.order("lab:add")
    (order.directory / "call.json").write_text("{")

    async def test() -> None:
        async with opened(lab) as engine:
            assert error_of(await lab.run(engine, order)) == "no readable call.json"

    run(test)


def test_a_call_comes_with_its_order_and_what_it_used_is_told_where_it_is_wanted(
    lab: JobLab,
) -> None:
    call = json.dumps(encode_call((2, 3), {}, set_hash="set"))
    for fresh, memo in ((False, True), (False, False), (True, True), (True, False)):
        order = lab.order("lab:add", call=call, fresh=fresh, memo=memo)
        (order.directory / "call.json").unlink()

        async def test(order: StartOrder = order) -> AttemptExit:
            async with opened(lab) as engine:
                assert engine.takes_calls
                return await lab.run(engine, order)

        assert result_of(asyncio.run(test())) == 5
        assert (order.directory / "used.json").exists() is memo
        assert (order.directory / "used-base.json").exists() is (memo and not fresh)


def test_a_module_that_kills_its_importer_fails_the_job_and_not_the_engine(lab: JobLab) -> None:
    async def test() -> None:
        async with opened(lab) as engine:
            for _ in range(2):
                ended = await lab.run(engine, lab.order("lab_exits:f"))
                assert (ended.kind, ended.status) == (ExitKind.EXITED, 7)

    run(test)


def test_a_module_that_starts_threads_is_not_forked(lab: JobLab) -> None:
    # forked, the thread would be missing
    assert result_of(ends(lab, "lab_threads:which")) == 2


def test_a_job_has_neither_signal_nor_exit_handlers_of_the_import(lab: JobLab) -> None:
    order = lab.order("lab_handlers:handler")

    async def test() -> None:
        async with opened(lab) as engine:
            assert result_of(await lab.run(engine, order)) is True

    run(test)
    assert (order.directory / "stdout").read_text() == ""


def test_no_interpreter_is_a_start_that_never_was(lab: JobLab, tmp_path: Path) -> None:
    ended = ends(lab, "lab:add", 1, environment=tmp_path / "absent")
    assert ended.kind is ExitKind.NEVER_STARTED
    assert "No such file" in str(ended.detail)


def test_an_interpreter_that_cannot_start_is_a_start_that_never_was(
    lab: JobLab, tmp_path: Path
) -> None:
    python = tmp_path / "broken" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho no libpython >&2; exit 127\n")
    python.chmod(0o755)
    ended = ends(lab, "lab:add", 1, environment=tmp_path / "broken")
    assert ended.kind is ExitKind.NEVER_STARTED
    assert str(ended.detail).endswith("no libpython")


def test_a_word_and_an_exit_that_are_heard_at_once_are_one_end(lab: JobLab, pipe: Pipes) -> None:
    order, up, fifo = waiting_job(lab, pipe)

    async def test() -> None:
        async with opened(lab) as engine:
            await engine.start(order, lab.sink)
            pid = int(await up.read())
            server = fork_server_of(pid)
            os.kill(server, signal.SIGSTOP)
            fifo.write("go on")
            await gone(pid)
            os.kill(server, signal.SIGCONT)
            assert result_of(await lab.sink.exit_of(order.job_id)) == "go on"
            after = result_of(await lab.run(engine, lab.order("lab:process")))
            assert parent_of(after["ppid"]) == server

    run(test)


# -- many


def test_twenty_jobs_at_once_start_one_fork_server(lab: JobLab) -> None:
    async def test() -> None:
        async with opened(lab) as engine:
            orders = [lab.order("lab:process") for _ in range(20)]
            ended = await asyncio.gather(*(lab.run(engine, order) for order in orders))
            seen = [result_of(end) for end in ended]
            assert len({each["pid"] for each in seen}) == 20
            assert len({each["ppid"] for each in seen}) == 1

    run(test)


def test_the_least_used_fork_server_makes_room(lab: JobLab) -> None:
    async def test() -> None:
        async with opened(lab, max_servers=1) as engine:
            first = result_of(await lab.run(engine, lab.order("lab:process")))["ppid"]
            await lab.run(engine, lab.order("lab_handlers:handler"))
            again = result_of(await lab.run(engine, lab.order("lab:process")))["ppid"]
            assert again != first
            await gone(first)

    run(test)


def test_an_idle_fork_server_leaves(lab: JobLab) -> None:
    async def test() -> None:
        async with opened(lab, idle_s=0.01) as engine:
            server = result_of(await lab.run(engine, lab.order("lab:process")))["ppid"]
            await gone(server)

    run(test)


async def gone(pid: int) -> None:
    """Wait until process ``pid`` has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    event = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, event.set)
    async with asyncio.timeout(60):
        await event.wait()
    asyncio.get_running_loop().remove_reader(descriptor)
    os.close(descriptor)


# -- cancel


def test_a_cancel_ends_a_process_that_ignores_it_and_all_its_children(
    lab: JobLab, pipe: Pipes
) -> None:
    fifo = pipe("pids")
    order = lab.order("lab:stubborn", str(fifo.path))

    async def test() -> None:
        async with opened(lab) as engine:
            await engine.start(order, lab.sink)
            pids = [int(pid) for pid in (await fifo.read()).split()]
            assert all(is_running(pid) for pid in pids)
            await engine.cancel(order.job_id, 0.05)
            assert not any(is_running(pid) for pid in pids)
            ended = await lab.sink.exit_of(order.job_id)
            assert (ended.kind, ended.signal) == (ExitKind.SIGNALLED, signal.SIGKILL)

    run(test)


def test_a_cancel_ends_daemons_as_well(lab: JobLab, pipe: Pipes) -> None:
    fifo = pipe("pids")
    order = lab.order("lab:daemon", str(fifo.path))

    async def test() -> None:
        async with opened(lab) as engine:
            await engine.start(order, lab.sink)
            pids = [int(pid) for pid in (await fifo.read()).split()]
            await engine.cancel(order.job_id, 0.05)
            assert not any(is_running(pid) for pid in pids)

    run(test)


def test_a_cancel_is_a_sigterm_first(lab: JobLab, pipe: Pipes) -> None:
    order, up, _ = waiting_job(lab, pipe)

    async def test() -> None:
        async with opened(lab) as engine:
            await engine.start(order, lab.sink)
            await up.read()
            await engine.cancel(order.job_id, 1000)
            assert (await lab.sink.exit_of(order.job_id)).signal == signal.SIGTERM

    run(test)


def test_a_cancel_before_the_start_is_proven_to_be_before(lab: JobLab) -> None:
    order = lab.order("lab:greet")

    async def test() -> None:
        async with opened(lab) as engine:
            await engine.start(order, lab.sink)
            await engine.cancel(order.job_id, 1000)  # the fork server still starts
            ended = await lab.sink.exit_of(order.job_id)
            assert ended.kind is ExitKind.NEVER_STARTED
            assert ended.detail == "cancelled before it started"

    run(test)
    assert not (order.directory / "stdout").exists()


def test_a_cancel_of_nothing_is_nothing(lab: JobLab) -> None:
    async def test() -> None:
        async with opened(lab) as engine:
            await engine.cancel(JobId("unknown"), 1)

    run(test)


# -- the service goes, the jobs stay


@pytest.mark.parametrize("server_survives", [True, False])
def test_a_running_job_is_found_again(lab: JobLab, pipe: Pipes, *, server_survives: bool) -> None:
    order, up, fifo = waiting_job(lab, pipe)

    async def before() -> tuple[int, int]:
        engine = lab.engine()
        await engine.start(order, lab.sink)
        pid = int(await up.read())
        await engine.close()  # without a goodbye, as a kill would
        return pid, fork_server_of(pid)

    async def after(pid: int) -> None:
        async with opened(lab) as engine:
            await engine.recover([order], lab.sink)
            assert await lab.sink.start_of(order.job_id) == pid
            fifo.write("go on")
            assert result_of(await lab.sink.exit_of(order.job_id)) == "go on"

    pid, server = asyncio.run(before())
    if not server_survives:
        os.kill(server, signal.SIGKILL)
    asyncio.run(after(pid))


@pytest.mark.parametrize("server_survives", [True, False])
def test_a_job_that_was_found_again_can_be_cancelled(
    lab: JobLab, pipe: Pipes, *, server_survives: bool
) -> None:
    fifo = pipe("pids")
    order = lab.order("lab:stubborn", str(fifo.path))

    async def before() -> list[int]:
        engine = lab.engine()
        await engine.start(order, lab.sink)
        pids = [int(pid) for pid in (await fifo.read()).split()]
        await engine.close()
        return pids

    async def after(pids: list[int]) -> None:
        async with opened(lab) as engine:
            await engine.recover([order], lab.sink)
            await engine.cancel(order.job_id, 0.05)
            assert not any(is_running(pid) for pid in pids)
            expected = ExitKind.SIGNALLED if server_survives else ExitKind.LOST
            assert (await lab.sink.exit_of(order.job_id)).kind is expected

    pids = asyncio.run(before())
    if not server_survives:
        os.kill(fork_server_of(pids[0]), signal.SIGKILL)
    asyncio.run(after(pids))


def test_a_daemon_of_a_job_without_fork_server_ends_with_a_cancel(lab: JobLab, pipe: Pipes) -> None:
    fifo = pipe("pids")
    order = lab.order("lab:daemon", str(fifo.path))

    async def before() -> list[int]:
        engine = lab.engine()
        await engine.start(order, lab.sink)
        pids = [int(pid) for pid in (await fifo.read()).split()]
        await engine.close()
        return pids

    async def after(pids: list[int]) -> None:
        async with opened(lab) as engine:
            await engine.recover([order], lab.sink)
            await engine.cancel(order.job_id, 0.05)
            assert not any(is_running(pid) for pid in pids)

    pids = asyncio.run(before())
    os.kill(fork_server_of(pids[0]), signal.SIGKILL)
    asyncio.run(after(pids))


def test_what_forks_may_be_killed_and_jobs_go_on_and_follow(lab: JobLab, pipe: Pipes) -> None:
    order, up, fifo = waiting_job(lab, pipe)

    async def test() -> None:
        async with opened(lab, spares=0) as engine:
            await engine.start(order, lab.sink)
            pid = int(await up.read())
            server = fork_server_of(pid)
            os.kill(parent_of(pid), signal.SIGKILL)
            ended = await lab.run(engine, lab.order("lab:process"))  # by another fork server
            assert parent_of(result_of(ended)["ppid"]) != server
            assert parent_of(pid) == server  # which adopted it, and hears of its end
            fifo.write("still here")
            assert result_of(await lab.sink.exit_of(order.job_id)) == "still here"

    run(test)


def test_a_fork_server_that_is_killed_takes_no_job_with_it(lab: JobLab, pipe: Pipes) -> None:
    order, up, fifo = waiting_job(lab, pipe)

    async def test() -> None:
        async with opened(lab) as engine:
            server = parent_of(result_of(await lab.run(engine, lab.order("lab:process")))["ppid"])
            await engine.start(order, lab.sink)
            await up.read()
            os.kill(server, signal.SIGKILL)
            # an order that the dying server did not take is proven not to have started
            following = lab.order("lab:process")
            ended = await lab.run(engine, following)
            if ended.kind is ExitKind.NEVER_STARTED:
                lab.sink.ended.clear()
                ended = await lab.run(engine, replace(following, attempt=2))
            assert parent_of(result_of(ended)["ppid"]) != server
            fifo.write("still here")
            assert result_of(await lab.sink.exit_of(order.job_id)) == "still here"

    run(test)


@pytest.mark.parametrize(
    ("entry_point", "args", "kind"),
    [
        ("lab:add", (1,), ExitKind.EXITED),
        ("lab:drop_dead", (3,), ExitKind.EXITED),
        ("lab:kill_itself", (9,), ExitKind.SIGNALLED),
    ],
)
def test_an_end_that_no_service_saw_is_reported_later(
    lab: JobLab, entry_point: str, args: tuple[Any, ...], kind: ExitKind
) -> None:
    order = lab.order(entry_point, *args)
    seen = asyncio.run(_run_and_forget(lab, order))

    async def after() -> None:
        async with opened(lab) as engine:
            await engine.recover([order], lab.sink)
            assert await lab.sink.exit_of(order.job_id) == seen

    asyncio.run(after())
    assert seen.kind is kind


async def _run_and_forget(lab: JobLab, order: Any) -> AttemptExit:
    engine = lab.engine()
    ended = await lab.run(engine, order)
    await engine.shut_down()
    return ended


def test_what_never_started_is_proven_and_cannot_start_any_more(lab: JobLab) -> None:
    order = lab.order("lab:greet")

    async def test() -> None:
        async with opened(lab) as engine:
            await engine.recover([order], lab.sink)
            ended = await lab.sink.exit_of(order.job_id)
            assert ended.kind is ExitKind.NEVER_STARTED
        # an order that lay in some socket all the while finds the attempt taken
        async with opened(lab) as engine:
            assert (await lab.run(engine, order)).kind is ExitKind.NEVER_STARTED
            assert not (order.directory / "stdout").exists()
            # and a new attempt runs
            lab.sink.ended.clear()
            assert (await lab.run(engine, replace(order, attempt=2))).outcome is not None

    run(test)


def test_after_a_restart_of_the_machine_nothing_is_proven(lab: JobLab) -> None:
    order = lab.order("lab:greet")
    boot = lab.home / "forkservers" / "boot"
    boot.parent.mkdir(parents=True)
    boot.write_text("another boot")

    async def test() -> None:
        async with opened(lab) as engine:
            await engine.recover([order], lab.sink)
            assert (await lab.sink.exit_of(order.job_id)).kind is ExitKind.LOST

    run(test)


def test_a_job_that_died_with_its_fork_server_is_lost(lab: JobLab, pipe: Pipes) -> None:
    order, up, _ = waiting_job(lab, pipe)

    async def before() -> None:
        engine = lab.engine()
        server = parent_of(result_of(await lab.run(engine, lab.order("lab:process")))["ppid"])
        await engine.start(order, lab.sink)
        pid = int(await up.read())
        await engine.close()
        os.kill(server, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        await gone(pid)

    async def after() -> None:
        async with opened(lab) as engine:
            await engine.recover([order], lab.sink)
            assert (await lab.sink.exit_of(order.job_id)).kind is ExitKind.LOST

    asyncio.run(before())
    asyncio.run(after())


def test_a_new_attempt_sees_nothing_of_the_one_before(lab: JobLab) -> None:
    order = lab.order("lab:greet")

    async def test() -> None:
        async with opened(lab) as engine:
            await lab.run(engine, order)
            (order.directory / "work" / "old").touch()
            again = replace(order, attempt=2, entry_point="lab:drop_dead")
            (order.directory / "call.json").write_text('{"args": [4], "kwargs": {}}')
            lab.sink.ended.clear()
            ended = await lab.run(engine, again)
            assert (ended.status, ended.outcome) == (4, None)

    run(test)
    assert list((order.directory / "work").iterdir()) == []
    assert (order.directory / "stdout").read_text() == ""
