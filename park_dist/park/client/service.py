"""The handle of a service: install, query, submit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote

from park.blocks import current_block, reach_threads
from park.calling import asked_and_named
from park.client.access.transport import Transport
from park.client.choosing.choice import VersionPolicy, Wanted, on_terminal, require_policy
from park.client.install_call import ServiceInstalls
from park.client.joblib_backend import register_when_loaded
from park.client.jobs.arguments import encode_call, with_service_files
from park.client.jobs.new_job import check_arguments, new_job
from park.client.jobs.submitted_job import Job
from park.client.jobs.told.looked_up import looked_up
from park.client.report import Report
from park.client.submission.binding import Binding, InstallPolicy
from park.client.submission.reach import Reach, Stale, note_reach, reach_of_call, with_values_of
from park.client.submission.recorder import current_recorder
from park.client.submission.shared_by_calls import Environment
from park.client.voice import background
from park.client.with_service import ServiceBlock
from park.errors import UsageError
from park.local.set_options import PLAIN, SetOptions
from park.model.entry_point import EntryPoint
from park.model.job_options import JobKeywords
from park.wire import API, JobRecord, decode

if TYPE_CHECKING:
    from park.client.jobs.executor import ServiceExecutor
    from park.client.jobs.sweep import Jobs
    from park.client.jobs.when import Condition

__all__ = ["Service", "remote_service"]

reach_threads()  # before any pool that a block could be meant for


def remote_service(
    name: str | None = None,
    *,
    stale: Stale = "warn",
    versions: VersionPolicy = "exact",
    insecure: bool = False,
) -> Service:
    """Return the service ``name``: a configured name or a URL; see `park.client.access.address`.

    ``stale`` says what becomes of a submission where a module's file has changed since this
    session imported it, so that the service would run other code than is loaded here: "warn"
    (once for each change), "error" or "ignore".

    ``insecure``: your token may go there by plain HTTP, for whoever is on the way to read; else
    only on this machine, and by TLS.

    ``versions`` says in which version jobs run where the service neither has that of here nor
    takes it from you: "exact" in none, and the error tells what there is, the nearest first;
    "compatible" in one of which all that they import has the versions of here; "nearest" in
    the nearest; "ask" in the one that you take on a terminal. The record of a job says what
    was asked for.

    On a terminal you are asked for your password where you have no login there yet; anywhere
    else nothing is sent yet. Raises `UnknownItem`, `UsageError`, `InsecureTransport` or
    `NotAuthenticated`.
    """
    if stale not in {"warn", "error", "ignore"}:
        raise UsageError(f"stale={stale!r}: it is 'warn', 'error' or 'ignore'")
    require_policy(versions)
    register_when_loaded()
    from park.client.access.first_contact import reached_service  # no command logs in by the way

    service = Service(Transport(reached_service(name, insecure=insecure)))
    service.stale = stale
    service.wanted_versions = versions
    return service


remote_service.__module__ = "park"  # pickles name what does not move when files do


class SubmitOptions(JobKeywords, total=False):
    """What `Service.submit` takes besides a call, for one job or for many."""

    when: Condition | None
    lock: str | None
    offer: str | None
    install: InstallPolicy
    with_: str | Sequence[str]
    requires: str | Sequence[str]
    as_installed: bool
    report: Report | None


class Service(ServiceInstalls, ServiceBlock):
    """A service, as one user with one token.

    ``with service:`` makes it the one where calls of jobs go, `park.fetch_url` and the like,
    in this thread or asyncio task, in threads that are started in it, and in calls that are
    submitted in it to a thread pool. Where nobody knows whether a call is in the block (another
    thread, a process of a pool), it is refused. The block ends once the service has all that was
    submitted in it; where that failed, it raises the first error, with the others as its notes.
    In a coroutine ``async with service:`` does the same, and other tasks go on meanwhile.
    """

    stale: Stale = "warn"
    """What becomes of a submission from a session that has gone stale; see `remote_service`."""

    wanted_versions: VersionPolicy = "exact"
    """In which version jobs run where that of here is not taken; see `remote_service`."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Service) and other._connection is self._connection

    def __hash__(self) -> int:
        return hash(self._connection)

    def __reduce__(self) -> Any:
        return remote_service, (self._connection.name,)

    def __repr__(self) -> str:
        return f"<Service {self.url}>"

    # -- submission

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
        with_: str | Sequence[str] = (),
        requires: str | Sequence[str] = (),
        as_installed: bool = False,
        timeout: float | None = None,
        stalled_after: float | None = None,
        memory: int | str | None = None,
        restartable: bool | None = None,
        retries: int | None = None,
        backoff: float | None = None,
        fresh: bool = False,
        label: str | None = None,
        memo: bool | None = None,
        report: Report | None = None,
        **kwargs: Any,
    ) -> Job:
        """Submit one call of ``function`` in the background, and return its handle at once.

        ``function`` is an entry point (``"mymodel:fit"``), or an importable function or
        class. It runs in the environment that matches what is installed here; where the
        service has none, that is installed first, or told package by package where
        ``install`` is ``"never"``. ``lock`` (a lock hash or a prefix of one) and ``offer`` (a
        project that the operator keeps ready) name another environment. ``requires`` are
        releases that the service resolves with its own index (``["refl1d==1.0.1"]``): neither
        they nor ``function`` need be installed here. ``with_`` and ``as_installed`` are those
        of `install`.

        It starts when ``when`` is true, and all that its arguments refer to is there.
        ``timeout`` is in seconds, and so is ``stalled_after``, for which it may say nothing of
        its progress before it is asked to stop, and then ended. ``memory`` (``"4G"``, or bytes)
        is what it may have; ``cpus``, ``gpus``, ``nodes``, ``walltime``, ``partition``,
        ``account``, ``licenses``, ``extra``, ``engine`` and ``reuse`` say what else it asks of it,
        where ``function`` has no such parameters itself. ``restartable`` says that the job
        may run again from the beginning if its process is lost, ``retries`` how often it may
        after it failed: ``backoff`` seconds after the first time, and twice as long after each
        other. ``label`` is what people call it, where that is not its call. With ``memo=False``
        it runs whatever the same call left before, and what it leaves answers no later one. What
        is not given is as ``@park.job``
        says. ``arguments`` adds keyword arguments whose names are taken here.

        Raises `UsageError` for arguments that cannot travel, or that ``function`` does not
        take. What is wrong with the environment is told by the job: `EnvironmentMismatch`,
        with the differences package by package, and whatever `install` may raise.
        """
        asked, named = asked_and_named(function, kwargs)
        (job,) = self._submitted(
            function,
            [(args, (arguments or {}) | named)],
            when=when,
            lock=lock,
            offer=offer,
            install=install,
            with_=with_,
            requires=requires,
            as_installed=as_installed,
            report=report,
            timeout=timeout,
            stalled_after=stalled_after,
            memory=memory,
            restartable=restartable,
            retries=retries,
            backoff=backoff,
            fresh=fresh,
            label=label,
            memo=memo,
            **asked,
        )
        return job

    def submit_all(
        self,
        function: str | Callable[..., Any],
        calls: Iterable[dict[str, Any] | tuple[Any, ...]],
        /,
        **options: Unpack[SubmitOptions],
    ) -> list[Job]:
        """Submit one job for each of ``calls``, and return their handles at once.

        A call is a dict of arguments by name, or a tuple of them by position. ``options`` are
        those of `submit`: ``when``, ``lock``, ``offer``, ``install``, ``with_``, ``requires``,
        ``as_installed``, ``timeout``, ``stalled_after``, ``memory``, ``restartable``,
        ``retries``, ``backoff``, ``fresh``, ``label``, ``memo`` and ``report``.
        """
        pairs = [(call, {}) if isinstance(call, tuple) else ((), dict(call)) for call in calls]
        return self._submitted(function, pairs, **options)

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

        ``options`` are those of `submit`, for all of its jobs. Each call runs, as those who
        know executors expect, unless ``memo=True`` is among them.
        """
        from park.client.jobs.executor import ServiceExecutor

        return ServiceExecutor(partial(self.submit, **{"memo": False, **options}), self.url)

    def called(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        said: dict[str, Any],
    ) -> Job:
        """Submit the call of a ``@park.job``; ``said`` are the keywords that park took of it."""
        (job,) = self._submitted(function, [(args, kwargs)], **said)
        return job

    def _submitted(
        self,
        function: str | Callable[..., Any],
        calls: Sequence[tuple[tuple[Any, ...], dict[str, Any]]],
        *,
        when: Condition | None = None,
        lock: str | None = None,
        offer: str | None = None,
        install: InstallPolicy = "auto",
        with_: str | Sequence[str] = (),
        requires: str | Sequence[str] = (),
        as_installed: bool = False,
        report: Report | None = None,
        **said: Unpack[JobKeywords],
    ) -> list[Job]:
        asked = Environment.said(lock, offer, with_, requires, as_installed=as_installed)
        known = self._connection.bindings
        shared = known.known_calls.of(function, said, asked, known.ways)
        # those of a plan are never known
        bindings = shared.bindings if current_recorder() is None else {}
        sending = shared.sending if shared.runs_what_is_here else None
        made: list[Job] = []
        for args, kwargs in calls:
            if shared.runs_what_is_here:
                check_arguments(function, args, kwargs)
            args, kwargs = with_service_files(function, args, kwargs, shared.files)  # noqa: PLW2901
            call = encode_call(
                args,
                kwargs,
                service=self.url,
                sending=sending,
                what=shared.called,
                parameters=shared.parameters,
            )
            own = call.sending  # of pickles among the arguments
            reach = shared.reach
            if own is not None and own is not sending:
                reach = reach_of_call(shared.called, own)
            if reach is not None and call.jobs:
                reach = with_values_of(reach, call.jobs, shared.sending.ways)
            # most calls of a sweep reach the same
            for_them = (reach, install, self.stale, self.wanted_versions)
            if for_them not in bindings:
                bindings[for_them] = self._binding(
                    shared.called.entry_point,
                    lock,
                    offer,
                    install,
                    report,
                    reach=reach,
                    options=shared.of_set,
                )
            document = {**shared.document, "call": call.document}
            made.append(new_job(self, document, call=call, when=when, binding=bindings[for_them]))
            note_reach(made[-1].id, reach)
        self.put(made)
        return made

    def _binding(
        self,
        entry_point: EntryPoint,
        lock: str | None = None,
        offer: str | None = None,
        install: InstallPolicy = "auto",
        report: Report | None = None,
        *,
        reach: Reach | None = None,
        options: SetOptions = PLAIN,
    ) -> Future[Binding]:
        if install not in {"auto", "never"}:
            raise UsageError(f"install={install!r}: it is 'auto' or 'never'")
        recorder = current_recorder()
        if recorder is not None:
            return recorder.environment(
                self._transport, entry_point, lock=lock, offer=offer, options=options, reach=reach
            )
        return self._connection.bindings.of(
            entry_point,
            lock=lock,
            offer=offer,
            install=install,
            report=report or background,
            options=options,
            reach=reach,
            stale=self.stale,
            wanted=Wanted(policy=self.wanted_versions, ask=on_terminal),
        )

    def binding_of(
        self, entry_point: EntryPoint, reach: Reach | None = None, **named: Any
    ) -> Future[Binding]:
        """Return the environment of a job of ``entry_point`` on this service.

        With ``reach`` it is that of all that its pickles refer to. ``named`` are ``lock``,
        ``offer``, ``install``, ``report`` and ``options``, as `submit` has them.
        """
        return self._binding(entry_point, reach=reach, **named)

    def use(self, project: str, versions: str | None = None, *, lock: str | None = None) -> None:
        """Have jobs of ``project`` run in one of ``versions`` there, whatever is installed here.

        Of what the service has of ``"==1.2.*"`` the nearest to here is taken; or ``lock`` names
        one. It holds for this session and this service, from the next submission on. Raises
        `UsageError`; a job raises `CannotSatisfy` where the service has no such version.
        """
        from park.client.choosing.use import use_of  # with the library of versions

        self._connection.bindings.use(use_of(project, versions, lock=lock))

    def put(self, jobs: Sequence[Job]) -> None:
        """Submit ``jobs``, which are new, in the background, as part of the block there is."""
        items = [job.item for job in jobs if job.item is not None]
        block = current_block()
        if block is not None:
            block.submitted += items
        self._connection.outbox.put(items)

    def job(self, id: str) -> Job:  # noqa: A002 (the field's name)
        """Return the handle of a job by its id; raises `UnknownItem`."""
        with looked_up(self.url):
            answer = self._transport.json("GET", f"{API}/jobs/{quote(id, safe='')}")
        return self._handle(decode(JobRecord, answer))

    def jobs(
        self,
        *,
        status: str | None = None,
        since: datetime | None = None,
        label: str | None = None,
        mine: bool = False,
        limit: int = 50,
    ) -> list[Job]:
        """Return the handles of your newest jobs; the filters are those of `job_records`."""
        records = self.job_records(status=status, since=since, label=label, mine=mine, limit=limit)
        return [self._handle(record) for record in records]

    def _handle(self, record: JobRecord) -> Job:
        from park.client.jobs.kinds.found_job import job_of_record  # fits and races as well

        return job_of_record(self, record)
