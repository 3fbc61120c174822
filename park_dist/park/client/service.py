"""The handle of a service: install, query, submit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from packaging.utils import canonicalize_name

from park.build.cache import user_cache
from park.build.local_set import LocalSet, local_set, project_set
from park.client.address import find_service
from park.client.bundled import install_bundle
from park.client.install import InstallOutcome, Report, Silence, install
from park.client.job import Job
from park.client.transport import Transport
from park.client.values import encode_call
from park.client.versions import ServiceVersion, compared, nearest
from park.errors import EnvironmentMismatch, InvalidEntryPoint, LocalSetError, NoDistribution
from park.model.entry_point import EntryPoint
from park.model.ids import new_id
from park.wire import API, EnvironmentRecord, JobRecord, JobRequest, ServiceRecord, decode, encode

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

    def about(self) -> ServiceRecord:
        """Return what the service says of itself."""
        return decode(ServiceRecord, self._transport.json("GET", API))

    def install(
        self,
        target: str | ModuleType,
        *,
        report: Report | None = None,
        until_compiled: bool = False,
    ) -> InstallOutcome:
        """Make the environment of what is installed here for ``target``; returns when ready.

        Jobs can run then; its bytecode may follow, and ``until_compiled`` waits for it.
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
        timeout: float | None = None,
        memory: int | None = None,
        fresh: bool = False,
        **kwargs: Any,
    ) -> Job:
        """Submit one call of ``function`` and return its handle; the service has it then.

        ``function`` is an entry point (``"mymodel:fit"``) or an importable function. It runs
        in the environment that matches what is installed here, or in the one of ``lock`` (a
        lock hash or a prefix of one). ``arguments`` adds keyword arguments whose names are
        taken here (``timeout``, …). ``timeout`` is in seconds, ``memory`` in bytes.

        Raises `EnvironmentMismatch`, with the differences package by package, where the
        service has no such environment.
        """
        entry_point = _entry_point_of(function)
        lock_hash, set_hash = self._bound(entry_point, lock)
        call = encode_call(
            self._transport, args, {**(arguments or {}), **kwargs}, set_hash=set_hash
        )
        request = JobRequest(
            id=new_id(),
            entry_point=str(entry_point),
            call=call,
            lock_hash=lock_hash,
            set_hash=set_hash,
            fresh=fresh,
            timeout_s=timeout,
            memory_bytes=memory,
        )
        records = self._transport.json("POST", f"{API}/jobs", json=[encode(request)])
        return Job(self._transport, decode(JobRecord, records[0]))

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

    def _bound(self, entry_point: EntryPoint, lock: str | None) -> tuple[str, str | None]:
        """Return lock hash and set hash of the environment that the job belongs into."""
        if lock is not None:
            answer = self._transport.bytes(f"{API}/locks/{quote(lock, safe='')}")
            return answer.headers["x-park-lock-hash"], None
        here = _local_set_for(entry_point)
        versions = [
            compared(each, here.requirements)
            for each in self._environment_records(here.project.name)
        ]
        for version in versions:
            # whatever its status: one that was evicted or damaged the service makes again
            if version.matches_local:
                return version.record.lock_hash, version.record.set_hash
        raise _mismatch(here, versions, self.url)


def _mismatch(here: LocalSet, versions: list[ServiceVersion], url: str) -> EnvironmentMismatch:
    """Say package by package how the nearest environment differs from what is here."""
    project = here.project.name
    what = f"{project} {here.version} on Python {here.requirements.python}"
    hint = f"park install {here.module or here.project.root}"
    near = nearest(versions)
    if near is None:
        return EnvironmentMismatch(f"{url} has no environment of {project}", hint=hint)
    lines = "\n".join(f"  {difference}" for difference in near.differences)
    return EnvironmentMismatch(
        f"{url} has no environment that matches {what}\n"
        f"the nearest is {near.record.version} (lock {near.record.lock_hash[:12]}…):\n{lines}",
        hint=f"{hint}; or run in that one: --lock {near.record.lock_hash[:12]}",
        details={"differences": near.as_json()["differences"]},
    )


def _local_set_for(entry_point: EntryPoint) -> LocalSet:
    try:
        return local_set(entry_point.module, cache=user_cache())
    except NoDistribution as error:
        raise NoDistribution(
            error.message, hint=f"{error.hint}; or name an environment: --lock HASH"
        ) from error


def _local_requirements(project: str) -> LocalSet | None:
    """Return the local set of a project by its name, or None where it is not installed here."""
    try:
        return project_set(canonicalize_name(project), cache=user_cache())
    except LocalSetError:
        return None


def _name_of(target: str | ModuleType) -> str:
    return target if isinstance(target, str) else target.__name__


def _entry_point_of(function: str | Callable[..., Any]) -> EntryPoint:
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
