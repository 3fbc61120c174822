"""A service as an executor: what the standard library's own tests ask of one."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from operator import add, truediv
from typing import Any

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.follow_server import FollowServer, KnownJob

from park.client.jobs.executor import ServiceExecutor
from park.errors import JobFailed


class Service:
    """Runs each call in a thread, once the test lets it."""

    url = "http://service"

    def __init__(self, server: FollowServer) -> None:
        self.server = server
        self.go = threading.Event()
        self.go.set()
        self.jobs: list[Any] = []
        self.options: list[dict[str, Any]] = []

    def submit(
        self, function: Callable[..., Any], *args: Any, arguments: dict[str, Any], **options: Any
    ) -> Any:
        job = KnownJob(self.server.address)
        self.jobs.append(job)
        self.options.append(options)

        def run() -> None:
            self.go.wait(LIMIT_S)
            truth = "true"
            try:
                job.outcome = function(*args, **arguments)
            except Exception as error:  # noqa: BLE001
                job.outcome, truth = JobFailed(f"job failed: {error!r}"), "never"
            self.server.end(job.id, truth)

        threading.Thread(target=run, daemon=True).start()
        return job


@pytest.fixture
def service() -> Iterator[Service]:
    with FollowServer() as server:
        made = Service(server)
        yield made
        made.go.set()


@pytest.fixture
def executor(service: Service) -> Iterator[ServiceExecutor]:
    def submit(*args: Any, **options: Any) -> Any:
        return service.submit(*args, retries=2, **options)

    with ServiceExecutor(submit, service.url) as made:
        yield made
        service.go.set()


def captured(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
    return args, kwargs


def test_a_call_has_a_future_of_its_result(executor: ServiceExecutor, service: Service) -> None:
    future = executor.submit(pow, 2, 8)
    assert isinstance(future, Future)
    assert future.result(60) == 256
    assert future.done()
    assert not future.running()
    assert service.options == [{"retries": 2}]
    assert future.job is service.jobs[0]


def test_keywords_reach_the_function_whatever_their_names(executor: ServiceExecutor) -> None:
    future = executor.submit(captured, "1", self=2, fn=3, timeout=4)
    assert future.result(60) == (("1",), {"self": 2, "fn": 3, "timeout": 4})


def test_a_failure_is_raised_and_told(executor: ServiceExecutor) -> None:
    future = executor.submit(truediv, 1, 0)
    assert isinstance(future.exception(60), JobFailed)
    with pytest.raises(JobFailed, match="ZeroDivisionError"):
        future.result()


def test_a_timeout_leaves_the_future(executor: ServiceExecutor, service: Service) -> None:
    service.go.clear()
    future = executor.submit(add, 1, 2)
    with pytest.raises(TimeoutError):
        future.result(0.05)
    assert not future.done()
    service.go.set()
    assert future.result(60) == 3


def test_callbacks_are_called_with_the_future(executor: ServiceExecutor) -> None:
    heard: list[Future[int]] = []
    done = threading.Event()
    future = executor.submit(add, 1, 2)
    future.add_done_callback(heard.append)
    future.add_done_callback(lambda _: done.set())
    assert done.wait(LIMIT_S)
    assert heard == [future]


def test_map_is_in_order_and_raises_where_it_comes_to_it(executor: ServiceExecutor) -> None:
    assert list(executor.map(pow, range(10), range(10))) == [n**n for n in range(10)]
    results = executor.map(divmod, [1, 1, 1, 1], [2, 3, 0, 5])
    assert next(results) == (0, 1)
    assert next(results) == (0, 1)
    with pytest.raises(JobFailed):
        next(results)


def test_map_has_a_timeout(executor: ServiceExecutor, service: Service) -> None:
    service.go.clear()
    with pytest.raises(TimeoutError):
        list(executor.map(abs, [1, 2], timeout=0.05))


def test_the_standard_wait_and_as_completed_take_its_futures(
    executor: ServiceExecutor, service: Service
) -> None:
    service.go.clear()
    futures = [executor.submit(abs, n) for n in range(5)]
    assert concurrent.futures.wait(futures, timeout=0).not_done == set(futures)
    assert futures[3].cancel()
    found = concurrent.futures.wait(
        futures, timeout=LIMIT_S, return_when=concurrent.futures.FIRST_COMPLETED
    )
    assert found.done == {futures[3]}
    service.go.set()
    assert set(concurrent.futures.as_completed(futures, timeout=LIMIT_S)) == set(futures)


def test_a_cancelled_future_cancels_its_job(executor: ServiceExecutor, service: Service) -> None:
    service.go.clear()
    future = executor.submit(add, 1, 2)
    heard = threading.Event()
    future.add_done_callback(lambda _: heard.set())
    assert future.cancel()
    assert future.cancel()  # as often as one likes
    assert future.cancelled()
    assert heard.wait(LIMIT_S)
    assert service.jobs[0].cancelled.wait(LIMIT_S)
    with pytest.raises(CancelledError):
        future.result()


def test_what_has_ended_cannot_be_cancelled(executor: ServiceExecutor, service: Service) -> None:
    future = executor.submit(add, 1, 2)
    assert future.result(60) == 3
    assert not future.cancel()
    assert not service.jobs[0].cancelled.is_set()


def test_running_asks_the_service(executor: ServiceExecutor, service: Service) -> None:
    service.go.clear()
    future = executor.submit(add, 1, 2)
    assert not future.running()
    service.jobs[0].status = "running"
    assert future.running()


def test_what_is_not_submitted_does_not_run(
    executor: ServiceExecutor, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = KnownJob(service.server.address, confirmed=False)
    monkeypatch.setattr(service, "submit", lambda *_, **__: job)
    future = executor.submit(abs, 1)
    assert not future.running()  # and nobody waits for it
    job.submitted()
    service.server.end(job.id)


def test_shutting_down_waits_and_takes_no_more(service: Service) -> None:
    executor = ServiceExecutor(service.submit, service.url)
    futures = [executor.submit(abs, n) for n in range(5)]
    executor.shutdown()
    assert all(future.done() for future in futures)
    with pytest.raises(RuntimeError, match="cannot schedule new futures"):
        executor.submit(abs, 1)
    executor.shutdown()  # again does no harm


def test_shutting_down_without_waiting_leaves_the_futures(service: Service) -> None:
    service.go.clear()
    executor = ServiceExecutor(service.submit, service.url)
    future = executor.submit(add, 1, 2)
    executor.shutdown(wait=False)
    assert not future.done()
    service.go.set()
    assert future.result(60) == 3


def test_ctrl_c_in_its_block_waits_for_nothing(service: Service) -> None:
    service.go.clear()
    executor = ServiceExecutor(service.submit, service.url)
    future = executor.submit(add, 1, 2)
    with pytest.raises(KeyboardInterrupt), executor:
        raise KeyboardInterrupt
    assert not future.done()
    service.go.set()
    assert future.result(LIMIT_S) == 3


def test_shutting_down_cancels_what_has_not_started(service: Service) -> None:
    service.go.clear()
    executor = ServiceExecutor(service.submit, service.url)
    started, queued = executor.submit(add, 1, 2), executor.submit(add, 3, 4)
    service.jobs[0].status = "running"
    executor.shutdown(wait=False, cancel_futures=True)
    assert queued.cancelled()
    assert not started.cancelled()
    service.go.set()
    assert started.result(60) == 3


def test_an_event_loop_runs_calls_in_it(executor: ServiceExecutor) -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        found: list[int] = await asyncio.gather(
            *(loop.run_in_executor(executor, pow, 2, n) for n in range(5))
        )
        return found

    assert asyncio.run(main()) == [1, 2, 4, 8, 16]


def test_a_cancelled_task_cancels_the_job(executor: ServiceExecutor, service: Service) -> None:
    service.go.clear()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await loop.run_in_executor(executor, abs, 1)

    asyncio.run(main())
    assert service.jobs[0].cancelled.wait(LIMIT_S)


def test_a_job_that_could_not_be_submitted_tells_its_future(
    executor: ServiceExecutor, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = KnownJob(service.server.address, confirmed=False)
    job.outcome = JobFailed("never came there")
    monkeypatch.setattr(service, "submit", lambda *_, **__: job)
    future = executor.submit(abs, 1)
    job.submitted(job.outcome)
    with pytest.raises(JobFailed, match="never came there"):
        future.result(60)


def test_a_result_that_cannot_be_fetched_is_raised(
    executor: ServiceExecutor, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    job: Any = KnownJob(service.server.address)
    job.outcome = ValueError("unreadable")
    monkeypatch.setattr(service, "submit", lambda *_, **__: job)
    service.server.end(job.id)
    assert isinstance(executor.submit(abs, 1).exception(60), ValueError)


def test_threads_do_not_grow_with_the_futures(executor: ServiceExecutor, service: Service) -> None:
    service.go.clear()
    futures = [executor.submit(abs, n) for n in range(50)]
    service.server.until(lambda: sum(service.server.questions) >= 50)
    url = service.server.address.url
    assert len([each for each in threading.enumerate() if url in each.name]) <= 2
    service.go.set()
    assert [future.result(60) for future in futures] == list(range(50))


@pytest.mark.parametrize("ask", ["result", "exception", "shutdown"])
def test_who_waits_for_a_future_is_told_how_it_stands(
    executor: ServiceExecutor, service: Service, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    looked = threading.Event()

    class Line:
        """What looks once a moment, and lets the job end then."""

        def __init__(self, jobs: list[Any]) -> None:
            assert jobs == service.jobs

        def wait_s(self, left: float | None) -> float:
            assert left is None or left > LIMIT_S / 2
            return 0.01

        def look(self) -> None:
            looked.set()
            service.go.set()

        def end(self) -> None:
            ended.append(ask)

    ended: list[str] = []
    monkeypatch.setattr("park.client.jobs.executor.line_of", Line)
    service.go.clear()
    future = executor.submit(pow, 2, 8)
    asked: dict[str, Callable[[], object]] = {
        "result": lambda: future.result(LIMIT_S),
        "exception": lambda: future.exception(LIMIT_S),
        "shutdown": executor.shutdown,
    }
    assert asked[ask]() == {"result": 256}.get(ask)
    assert future.done()
    assert looked.is_set()
    assert ended == [ask]


def test_a_wait_for_a_future_ends_with_its_time(
    executor: ServiceExecutor, service: Service
) -> None:
    service.go.clear()
    future = executor.submit(pow, 2, 8)
    for timeout in (0, 0.01):
        with pytest.raises(TimeoutError):
            future.result(timeout)
    service.go.set()
    assert future.result() == 256
