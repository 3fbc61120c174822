"""The handle of a service: install, query, submit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from packaging.utils import canonicalize_name

from park.build.cache import user_cache
from park.build.local_set import LocalSet, local_set, project_set
from park.calling import current_block, entered, left, resolver
from park.client.access.address import find_service
from park.client.access.transport import Transport
from park.client.areas import ServiceFiles
from park.client.connection import Connection, connection_of
from park.client.installs.bundle_install import install_bundle
from park.client.installs.matching import Binding, InstallPolicy, offers
from park.client.installs.request import InstallOutcome, Report, Silence, install
from park.client.installs.versions import ServiceVersion, compared
from park.client.jobs.new_job import CallOptions, check_arguments, entry_point_of, new_job
from park.client.jobs.submitted_job import Job
from park.client.jobs.values import encode_call, with_service_files
from park.client.jobs.when import Condition
from park.client.submission.planner import planner
from park.client.submission.submitter import first_error
from park.errors import LocalSetError, UsageError
from park.jobside import FILES, options_of
from park.model.entry_point import EntryPoint
from park.wire import (
    API,
    EnvironmentRecord,
    ForkServerRecord,
    JobRecord,
    OfferRecord,
    OfferRequest,
    ServiceRecord,
    decode,
    encode,
)

if TYPE_CHECKING:
    from park.client.jobs.executor import ServiceExecutor
    from park.client.jobs.sweep import Jobs

__all__ = ["Service", "remote_service"]


def remote_service(name: str | None = None) -> Service:
    """Return the service ``name``: a configured name or a URL; see `park.client.access.address`.

    Nothing is sent yet. Raises `UnknownItem`, `UsageError` or `NotAuthenticated`.
    """
    return Service(Transport(find_service(name)))


class Service:
    """A service, as one user with one token.

    ``with service:`` makes it the one where calls of jobs go, `park.fetch_url` and the like,
    in this thread or asyncio task. The block ends once the service has all that was submitted
    in it; where that failed, it raises the first error, with the others as its notes. In a
    coroutine ``async with service:`` does the same, and other tasks go on meanwhile.
    """

    def __init__(self, transport: Transport) -> None:
        self._connection = connection_of(transport)
        self._transport = self._connection.transport

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Service) and other._connection is self._connection

    def __hash__(self) -> int:
        return hash(self._connection)

    def __reduce__(self) -> Any:
        return remote_service, (self._connection.name,)

    def __repr__(self) -> str:
        return f"<Service {self.url}>"

    @property
    def url(self) -> str:
        """The service's URL."""
        return self._transport.address.url

    @property
    def transport(self) -> Transport:
        """The connection to the service: requests with your token, answers or errors."""
        return self._transport

    @property
    def connection(self) -> Connection:
        """The way to the service that all handles of it share."""
        return self._connection

    def about(self) -> ServiceRecord:
        """Return what the service says of itself."""
        return decode(ServiceRecord, self._transport.json("GET", API))

    def install(
        self,
        target: str | ModuleType,
        *,
        report: Report | None = None,
        until_compiled: bool = True,
    ) -> InstallOutcome:
        """Make the environment of what is installed here for ``target``; returns when it is there.

        Jobs can run in it before its bytecode is all compiled; without ``until_compiled``
        this returns then.
        ``target`` is a module, its name, or the path of a source tree or of a bundle. Raises a
        `CannotSatisfy` that says what is in the way.
        """
        report = report or Silence()
        if isinstance(target, str) and Path(target).is_file():
            from park.client.installs.bundle import is_bundle, read_bundle

            if is_bundle(Path(target)):
                bundle = read_bundle(Path(target))
                return install_bundle(
                    self._transport, bundle, report, until_compiled=until_compiled
                )
        local = local_set(_name_of(target), cache=user_cache(), progress=report.step)
        return install(self._transport, local, report, until_compiled=until_compiled)

    def versions(self, project: str | None = None) -> list[ServiceVersion]:
        """Return what the service has, each version compared with what is installed here."""
        records = self._environment_records(project)
        local = {name: _local_requirements(name) for name in {each.project for each in records}}
        return [
            compared(each, None if (here := local[each.project]) is None else here.requirements)
            for each in records
        ]

    # -- submission

    def __enter__(self) -> Self:
        """Begin a block: what is submitted in it goes here, unless ``service=`` says otherwise.

        It holds for this thread, or this task, alone; blocks nest.
        """
        entered(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the block once all that was submitted in it is there; raise where it is not.

        That is the first error, with the others as its notes; where the block itself has
        raised, they are notes of that.
        """
        block = left(self)
        if error is None or isinstance(error, Exception):  # at Ctrl-C nobody wants to wait
            _tell(first_error(block.submitted), error)

    async def __aenter__(self) -> Self:
        """Begin a block of this task, as `__enter__`; its end lets other tasks go on."""
        entered(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the block as `__exit__`, which would block the event loop until all is there."""
        block = left(self)
        if error is None or isinstance(error, Exception):
            _tell(await asyncio.to_thread(first_error, block.submitted), error)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until the service has all that was submitted so far.

        Errors are told by the jobs themselves. Raises `TimeoutError` after ``timeout`` seconds.
        """
        if not self._connection.submitter.flush(timeout):
            raise TimeoutError(f"{self.url} does not have all of the jobs after {timeout:g} s")

    def submit(
        self,
        function: str | Callable[..., Any],
        /,
        *args: Any,
        arguments: dict[str, Any] | None = None,
        when: Condition | None = None,
        lock: str | None = None,
        offer: str | None = None,
        install: InstallPolicy = "auto",
        timeout: float | None = None,
        memory: int | None = None,
        restartable: bool | None = None,
        retries: int | None = None,
        backoff: float | None = None,
        fresh: bool = False,
        report: Report | None = None,
        **kwargs: Any,
    ) -> Job:
        """Submit one call of ``function`` in the background, and return its handle at once.

        ``function`` is an entry point (``"mymodel:fit"``), or an importable function or
        class. It runs in the environment that matches what is installed here; where the
        service has none, that is installed first, or told package by package where
        ``install`` is ``"never"``. ``lock`` (a lock hash or a prefix of one) and ``offer`` (a
        project that the operator keeps ready) name another environment.

        It starts when ``when`` is true, and all that its arguments refer to is there.
        ``timeout`` is in seconds, ``memory`` limits each process's data in bytes;
        ``restartable`` says that the job may run again from the beginning if its process is
        lost, ``retries`` how often it may after it failed: ``backoff`` seconds after the
        first time, and twice as long after each other. What is not given is as ``@park.job``
        says. ``arguments`` adds keyword arguments whose names are taken here.

        Raises `UsageError` for arguments that cannot travel, or that ``function`` does not
        take. What is wrong with the environment is told by the job: `EnvironmentMismatch`,
        with the differences package by package, and whatever `install` may raise.
        """
        options = CallOptions(
            timeout_s=timeout,
            memory_bytes=memory,
            restartable=restartable,
            retries=retries,
            backoff_s=backoff,
            fresh=fresh,
        )
        binding = self._binding(function, lock=lock, offer=offer, install=install, report=report)
        call = (args, (arguments or {}) | kwargs)
        here = lock is None and offer is None
        return self._submitted(function, [call], binding, options, when=when, is_local=here)[0]

    def submit_all(
        self,
        function: str | Callable[..., Any],
        calls: Iterable[dict[str, Any] | tuple[Any, ...]],
        /,
        *,
        when: Condition | None = None,
        lock: str | None = None,
        offer: str | None = None,
        install: InstallPolicy = "auto",
        timeout: float | None = None,
        memory: int | None = None,
        restartable: bool | None = None,
        retries: int | None = None,
        backoff: float | None = None,
        fresh: bool = False,
        report: Report | None = None,
    ) -> list[Job]:
        """Submit one job for each of ``calls``, and return their handles at once.

        A call is a dict of arguments by name, or a tuple of them by position; otherwise as
        `submit`.
        """
        options = CallOptions(
            timeout_s=timeout,
            memory_bytes=memory,
            restartable=restartable,
            retries=retries,
            backoff_s=backoff,
            fresh=fresh,
        )
        binding = self._binding(function, lock=lock, offer=offer, install=install, report=report)
        pairs = [(call, {}) if isinstance(call, tuple) else ((), dict(call)) for call in calls]
        here = lock is None and offer is None
        return self._submitted(function, pairs, binding, options, when=when, is_local=here)

    def map(
        self, function: str | Callable[..., Any], /, *iterables: Iterable[Any], **options: Any
    ) -> Jobs:
        """Submit a job for each tuple of arguments from ``iterables``, as the builtin ``map``.

        Returns a list of the jobs at once, which has ``results()`` and ``as_completed()``, and
        of which `park.all_of` makes a condition. ``options`` are those of `submit_all`.
        """
        from park.client.jobs.sweep import Jobs

        return Jobs(self.submit_all(function, zip(*iterables, strict=False), **options))

    def executor(self, **options: Any) -> ServiceExecutor:
        """Return a `concurrent.futures.Executor` whose calls are jobs of the service.

        ``options`` are those of `submit`, for all of its jobs.
        """
        from park.client.jobs.executor import ServiceExecutor

        return ServiceExecutor(self, **options)

    def called(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        said: dict[str, Any],
    ) -> Job:
        """Submit the call of a ``@park.job``; ``said`` are the keywords that park took of it."""
        options = CallOptions.said(said)
        binding = self._binding(function)
        calls = ((args, kwargs),)
        return self._submitted(function, calls, binding, options, when=said.get("when"))[0]

    def _binding(
        self,
        function: str | Callable[..., Any],
        *,
        lock: str | None = None,
        offer: str | None = None,
        install: InstallPolicy = "auto",
        report: Report | None = None,
    ) -> Future[Binding]:
        if install not in {"auto", "never"}:
            raise UsageError(f"install={install!r}: it is 'auto' or 'never'")
        entry_point = entry_point_of(function)
        plan = planner.get()
        if plan is not None:
            return plan.environment(self._connection, entry_point, lock=lock, offer=offer)
        return self._connection.bindings.of(
            entry_point, lock=lock, offer=offer, install=install, report=report or Silence()
        )

    def _submitted(
        self,
        function: str | Callable[..., Any],
        calls: Sequence[tuple[tuple[Any, ...], dict[str, Any]]],
        binding: Future[Binding],
        options: CallOptions,
        *,
        when: Condition | None,
        is_local: bool = True,
    ) -> list[Job]:
        marked = options_of(function)
        entry_point = str(entry_point_of(function))
        common = options.completed_by(marked).as_json()
        files = FILES if marked is None else marked.files
        made: list[Job] = []
        for args, kwargs in calls:
            if is_local:  # it runs what is here
                check_arguments(function, args, kwargs)
            args, kwargs = with_service_files(function, args, kwargs, files)  # noqa: PLW2901
            call = encode_call(args, kwargs, service=self.url, pickles=is_local)
            document = {"entry_point": entry_point, "call": call.document, **common}
            made.append(new_job(self._connection, document, call=call, when=when, binding=binding))
        self.put(made)
        return made

    def binding_of(self, entry_point: EntryPoint) -> Future[Binding]:
        """Return the environment of a job of ``entry_point`` on this service."""
        return self._binding(str(entry_point))

    def put(self, jobs: Sequence[Job]) -> None:
        """Submit ``jobs``, which are new, in the background, as part of the block there is."""
        items = [job.item for job in jobs if job.item is not None]
        block = current_block()
        if block is not None:
            block.submitted += items
        self._connection.submitter.put(items)

    @property
    def files(self) -> ServiceFiles:
        """Your files on the service, what others share, and the operator's roots."""
        return ServiceFiles(self._transport)

    def offers(self) -> list[OfferRecord]:
        """Return the projects that the operator keeps ready."""
        return offers(self._transport)

    def offer(self, request: OfferRequest) -> OfferRecord:
        """Keep a project ready for everybody; the operator's. Returns at once."""
        answer = self._transport.json("POST", f"{API}/offers", json=encode(request))
        return decode(OfferRecord, answer)

    def withdraw(self, project: str, version: str) -> list[OfferRecord]:
        """Keep a project ready no longer; the operator's."""
        path = f"{API}/offers/{quote(project, safe='')}/{quote(version, safe='')}"
        return [decode(OfferRecord, each) for each in self._transport.json("DELETE", path)]

    def fork_servers(self) -> list[ForkServerRecord]:
        """Return the interpreters that wait there with a module imported, with their memory."""
        answer = self._transport.json("GET", f"{API}/fork-servers")
        return [decode(ForkServerRecord, each) for each in answer]

    def job(self, id: str) -> Job:  # noqa: A002 (the field's name)
        """Return the handle of a job by its id; raises `UnknownItem`."""
        answer = self._transport.json("GET", f"{API}/jobs/{quote(id, safe='')}")
        return Job.of_record(self._connection, decode(JobRecord, answer))

    def jobs(self, *, status: str | None = None, limit: int = 50) -> list[Job]:
        """Return the handles of your newest jobs."""
        records = self.job_records(status=status, limit=limit)
        return [Job.of_record(self._connection, record) for record in records]

    def job_records(self, *, status: str | None = None, limit: int = 50) -> list[JobRecord]:
        """Return the records of your newest jobs, newest first."""
        query = {"limit": limit} if status is None else {"limit": limit, "status": status}
        answer = self._transport.json("GET", f"{API}/jobs", params=query)
        return [decode(JobRecord, document) for document in answer]

    def lock(self, lock_hash: str) -> str:
        """Return the PEP 751 document of a lock hash or of a prefix of one."""
        return self._transport.bytes(f"{API}/locks/{quote(lock_hash, safe='')}").text

    def _environment_records(self, project: str | None) -> list[EnvironmentRecord]:
        query = {} if project is None else {"project": project}
        answer = self._transport.json("GET", f"{API}/versions", params=query)
        return [decode(EnvironmentRecord, document) for document in answer]


def _local_requirements(project: str) -> LocalSet | None:
    """Return the local set of a project by its name, or None where it is not installed here."""
    try:
        return project_set(canonicalize_name(project), cache=user_cache())
    except LocalSetError:
        return None


def _name_of(target: str | ModuleType) -> str:
    return target if isinstance(target, str) else target.__name__


def _tell(failed: BaseException | None, error: BaseException | None) -> None:
    """Raise what failed in a block, or note it on the ``error`` that the block itself raised."""
    if failed is None:
        return
    if error is None:
        raise failed
    error.add_note(f"what was submitted before failed as well: {failed}")


resolver[:] = [remote_service]
