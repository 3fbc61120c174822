"""``park.Fit``: a fit as a job, whose body is park's own and runs in the model's environment."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from park.calling import service_named
from park.client.by_value.sending import Sending
from park.client.jobs.arguments import encode_call
from park.client.jobs.new_job import new_job
from park.client.jobs.placeholders import Placeholder, stands_for
from park.client.jobs.remote_job import RemoteJob
from park.client.jobs.submitted_job import Job
from park.client.submission.binding import Binding
from park.errors import UsageError
from park.model.entry_point import EntryPoint
from park.model.job_options import said_options

if TYPE_CHECKING:
    from park.client.jobs.when import Condition
    from park.client.service import Service

__all__ = ["Fit"]

_ENTRY_POINT = "park.fitting:fit"


def Fit(  # noqa: N802 (it reads as the thing that it makes)
    problem: Any,
    *,
    when: Condition | None = None,
    service: Service | str | None = None,
    retries: int = 0,
    backoff: float = 1.0,
    timeout: float | None = None,
    **options: Any,
) -> Any:
    """Fit ``problem`` on a service; returns the `Job` at once, whose result is the fit's.

    ``problem`` is what a job will return (the job itself, or a part of its output), and the
    fit runs in the environment of that job; or an object, in an environment of all that it
    refers to. ``options`` are those of the fit: ``method=``, ``steps=``, …. It reports its
    progress: ``fit.progress["chisq"]``. Without a service it runs here.
    """
    chosen: Service | None = service_named(service)
    if chosen is None:
        if when is not None:
            raise UsageError("park.Fit(when=…): a condition, and no service that could wait for it")
        from park.fitting import fit

        return fit(problem, **options)
    sending = Sending(chosen.connection.bindings.ways)
    call = encode_call((problem,), options, service=chosen.url, sending=sending)
    said = said_options({"timeout": timeout, "retries": retries, "backoff": backoff})
    job = new_job(
        chosen,
        {"entry_point": _ENTRY_POINT, "call": call.document, **said},
        call=call,
        kind=Job,
        when=when,
        binding=_binding(chosen, problem, call.sending),
    )
    chosen.put([job])
    return job


def _binding(service: Service, problem: Any, sending: Sending | None) -> Future[Binding] | None:
    if not isinstance(problem, Placeholder):
        if sending is None:  # plain data, and so whatever park.fitting can do with that
            return service.binding_of(EntryPoint(module=type(problem).__module__, qualname="fit"))
        return service.binding_of(EntryPoint.parse(_ENTRY_POINT), sending)
    job, _ = stands_for(problem)
    if job.connection.url != service.url:
        return service.binding_of(EntryPoint.parse(job.entry_point))
    if job.item is not None:
        return job.item.binding
    return _known(job)


def _known(job: RemoteJob) -> Future[Binding]:
    """Return the environment of a job that the service had before."""
    record = job.refresh()
    future: Future[Binding] = Future()
    future.set_result(
        Binding(
            lock_hash=record.lock_hash,
            install=None if record.lock_hash else record.install,
            set_hash=record.set_hash,
            is_named=True,
        )
    )
    return future
