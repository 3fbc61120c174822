"""The handle of a service: install, query, submit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from packaging.utils import canonicalize_name

from park.build.cache import user_cache
from park.build.local_set import LocalSet, local_set, project_set
from park.client.address import find_service
from park.client.areas import ServiceFiles
from park.client.binding import Binding, InstallPolicy, binding_of, offers
from park.client.bundled import install_bundle
from park.client.install import InstallOutcome, Report, Silence, install
from park.client.job import Job
from park.client.transport import Transport
from park.client.values import encode_call
from park.client.versions import ServiceVersion, compared
from park.errors import InvalidEntryPoint, LocalSetError
from park.jobside import JobOptions, options_of
from park.model.entry_point import EntryPoint
from park.model.ids import new_id
from park.wire import (
    API,
    EnvironmentRecord,
    ForkServerRecord,
    JobRecord,
    JobRequest,
    OfferRecord,
    OfferRequest,
    ServiceRecord,
    decode,
    encode,
)

__all__ = ["Service", "remote_service"]


def remote_service(name: str | None = None) -> Service:
    """Return the service ``name``: a configured name or a URL; see `park.client.address`.

    Nothing is sent yet. Raises `UnknownItem`, `UsageError` or `NotAuthenticated`.
    """
    return Service(Transport(find_service(name)))


class Service:
    """A service, as one user with one token."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

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
            from park.client.bundle import is_bundle, read_bundle

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

    def submit(
        self,
        function: str | Callable[..., Any],
        /,
        *args: Any,
        arguments: dict[str, Any] | None = None,
        lock: str | None = None,
        offer: str | None = None,
        install: InstallPolicy = "auto",
        timeout: float | None = None,
        memory: int | None = None,
        restartable: bool | None = None,
        fresh: bool = False,
        report: Report | None = None,
        **kwargs: Any,
    ) -> Job:
        """Submit one call of ``function`` and return its handle; the service has it then.

        ``function`` is an entry point (``"mymodel:fit"``), or an importable function or
        class. It runs in the environment that matches what is installed here; where the
        service has none, that is installed first, or told package by package where
        ``install`` is ``"never"``. ``lock`` (a lock hash or a prefix of one) and ``offer`` (a
        project that the operator keeps ready) name another environment.

        ``timeout`` is in seconds, ``memory`` limits each process's data in bytes;
        ``restartable`` says that the job may run again from the beginning if its process is
        lost. What is not given is as ``@park.job`` says. ``arguments`` adds keyword arguments
        whose names are taken here.

        Raises `EnvironmentMismatch`, with the differences package by package, and whatever
        `install` may raise.
        """
        call = ((arguments or {}) | kwargs, args)
        options = _Options(
            timeout_s=timeout, memory_bytes=memory, restartable=restartable, fresh=fresh
        )
        binding = self._binding(function, lock=lock, offer=offer, install=install, report=report)
        return self._submitted(function, [call], binding, options)[0]

    def submit_all(
        self,
        function: str | Callable[..., Any],
        calls: Iterable[dict[str, Any]],
        /,
        *,
        lock: str | None = None,
        offer: str | None = None,
        install: InstallPolicy = "auto",
        timeout: float | None = None,
        memory: int | None = None,
        restartable: bool | None = None,
        fresh: bool = False,
        report: Report | None = None,
    ) -> list[Job]:
        """Submit one job for each of ``calls``, its arguments by name, in one request.

        All are accepted, or none; otherwise as `submit`.
        """
        options = _Options(
            timeout_s=timeout, memory_bytes=memory, restartable=restartable, fresh=fresh
        )
        binding = self._binding(function, lock=lock, offer=offer, install=install, report=report)
        return self._submitted(function, [(call, ()) for call in calls], binding, options)

    def _binding(
        self,
        function: str | Callable[..., Any],
        *,
        lock: str | None,
        offer: str | None,
        install: InstallPolicy,
        report: Report | None,
    ) -> Binding:
        return binding_of(
            self._transport,
            entry_point_of(function),
            lock=lock,
            offer=offer,
            install=install,
            report=report or Silence(),
        )

    def _submitted(
        self,
        function: str | Callable[..., Any],
        calls: list[tuple[dict[str, Any], tuple[Any, ...]]],
        binding: Binding,
        options: _Options,
    ) -> list[Job]:
        marked = options.completed_by(options_of(function))
        requests = [
            JobRequest(
                id=new_id(),
                entry_point=str(entry_point_of(function)),
                call=encode_call(self._transport, args, kwargs, set_hash=binding.set_hash),
                lock_hash=binding.lock_hash,
                install=binding.install,
                set_hash=binding.set_hash,
                fresh=marked.fresh,
                restartable=bool(marked.restartable),
                timeout_s=marked.timeout_s,
                memory_bytes=marked.memory_bytes,
            )
            for kwargs, args in calls
        ]
        documents = [encode(request) for request in requests]
        answer = self._transport.json("POST", f"{API}/jobs", json=documents)
        return [Job(self._transport, decode(JobRecord, record)) for record in answer]

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
        return Job(self._transport, decode(JobRecord, answer))

    def jobs(self, *, status: str | None = None, limit: int = 50) -> list[Job]:
        """Return the handles of your newest jobs."""
        records = self.job_records(status=status, limit=limit)
        return [Job(self._transport, record) for record in records]

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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Options:
    """What a submission says of its jobs; None where it says nothing."""

    timeout_s: float | None
    memory_bytes: int | None
    restartable: bool | None
    fresh: bool

    def completed_by(self, marked: JobOptions | None) -> _Options:
        """Take what is not said here from ``@park.job``."""
        if marked is None:
            return self
        return replace(
            self,
            timeout_s=marked.timeout_s if self.timeout_s is None else self.timeout_s,
            restartable=marked.restartable if self.restartable is None else self.restartable,
        )


def _local_requirements(project: str) -> LocalSet | None:
    """Return the local set of a project by its name, or None where it is not installed here."""
    try:
        return project_set(canonicalize_name(project), cache=user_cache())
    except LocalSetError:
        return None


def _name_of(target: str | ModuleType) -> str:
    return target if isinstance(target, str) else target.__name__


def entry_point_of(function: str | Callable[..., Any]) -> EntryPoint:
    if isinstance(function, str):
        return EntryPoint.parse(function)
    module = getattr(function, "__module__", None)
    qualname = getattr(function, "__qualname__", "")
    if module in {None, "__main__", "builtins"} or "<" in qualname or module not in sys.modules:
        raise InvalidEntryPoint(
            f"{function!r} cannot be imported on the service: it is not at the top level of an "
            "installed module",
            hint="move it into a module of your package and pass that, or its entry point",
        )
    return EntryPoint(module=str(module), qualname=qualname)
