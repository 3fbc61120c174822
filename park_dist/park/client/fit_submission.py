"""How a fit is submitted: what is said of its job, and what its environment is to be."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from park.client.jobs.arguments import EncodedCall
from park.client.jobs.new_job import new_job
from park.client.jobs.submitted_job import Job
from park.client.report import Report
from park.client.submission.binding import Binding, InstallPolicy
from park.client.submission.reach import Reach
from park.client.submission.recorder import current_recorder
from park.errors import EnvironmentMismatch
from park.local.set_options import set_options
from park.model.entry_point import EntryPoint
from park.model.job_options import JobKeywords, said_options

if TYPE_CHECKING:
    from park.client.jobs.when import Condition
    from park.client.service import Service

__all__ = ["FitSubmission"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FitSubmission:
    """What a submission takes besides a call; see `Service.submit`."""

    when: Condition | None = None
    lock: str | None = None
    offer: str | None = None
    install: InstallPolicy = "auto"
    with_: str | Sequence[str] = ()
    requires: str | Sequence[str] = ()
    as_installed: bool = False
    report: Report | None = None
    said: JobKeywords = field(default_factory=JobKeywords)

    def with_grace(self, grace_s: float) -> FitSubmission:
        """Return this with as much more time for a job that stops by itself at its limit."""
        limit_s = self.said.get("timeout")
        if limit_s is None:
            return self
        said: JobKeywords = {**self.said, "timeout": limit_s + grace_s}
        return replace(self, said=said)

    @property
    def is_elsewhere(self) -> bool:
        """Whether an environment was chosen that need not be what is installed here."""
        return self.lock is not None or self.offer is not None

    @property
    def is_as_here(self) -> bool:
        """Whether the environment is what is installed here, and nothing of the service's own."""
        return not self.is_elsewhere and not self.requires

    def environment(
        self, service: Service, entry_point: EntryPoint, reach: Reach | None
    ) -> Future[Binding]:
        """Return the environment of the fit, which has all that it reaches."""
        return service.binding_of(
            entry_point,
            reach,
            lock=self.lock,
            offer=self.offer,
            install=self.install,
            report=self.report,
            options=set_options(self.with_, self.requires, as_installed=self.as_installed),
        )

    def environment_of_pickles(
        self, service: Service, entry_point: EntryPoint, reach: Reach
    ) -> Future[Binding]:
        """Return the environment of a fit whose argument is pickled: of the versions of here.

        Raises `EnvironmentMismatch` where another one was named.
        """
        if self.is_as_here or current_recorder() is not None:
            return self.environment(service, entry_point, reach)
        here = service.binding_of(entry_point, reach, install="never")
        named = self.environment(service, entry_point, None).result()
        try:
            found = here.result()
        except EnvironmentMismatch as error:
            raise _other(f"it is not what is installed here: {error.message}") from None
        if self.requires or found.lock_hash != named.lock_hash:
            raise _other(f"what is installed here is lock {str(found.lock_hash)[:12]}…")
        return here

    def put(
        self,
        service: Service,
        entry_point: EntryPoint,
        call: EncodedCall,
        binding: Future[Binding] | None,
        *,
        kind: type[Job] = Job,
    ) -> Job:
        """Submit the fit in the background, and return its handle."""
        document: dict[str, Any] = {"entry_point": str(entry_point), "call": call.document}
        document |= said_options(self.said)
        job = new_job(service, document, call=call, kind=kind, when=self.when, binding=binding)
        service.put([job])
        return job


def _other(why: str) -> EnvironmentMismatch:
    return EnvironmentMismatch(
        "what is fitted travels as a pickle, which only an environment of the same versions "
        f"reads, and another one was named: {why}",
        hint='leave lock=, offer= and requires= out, or pass the script: park.Fit("model.py", …)',
    )
