"""``park.Fit``: a fit as a job, whose body is park's own and runs in the model's environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from park.calling import RESOURCES, service_named
from park.client.by_value.sending import Sending
from park.client.fit_submission import FitSubmission
from park.client.jobs.arguments import encode_call
from park.client.jobs.kinds.fit_job import FIT_ENTRY_POINT, FitJob
from park.client.jobs.placeholders import Placeholder, stands_for
from park.client.jobs.remote_job import RemoteJob
from park.client.jobs.submitted_job import Job
from park.client.report import Report
from park.client.script_fit import bumps_options, fit_of_script, script_of
from park.client.submission.binding import Binding, InstallPolicy
from park.client.submission.reach import reach_of
from park.errors import UsageError
from park.local.hint_commands import install_command
from park.model.entry_point import EntryPoint
from park.model.job_options import JobKeywords

if TYPE_CHECKING:
    from park.client.jobs.when import Condition
    from park.client.service import Service

__all__ = ["Fit"]

_ENTRY_POINT = EntryPoint.parse(FIT_ENTRY_POINT)

_LAST_STEP_S = 60.0
"""For the step in which the time of a fit ends, and for its files; then the service ends it."""

_OF_PROBLEMS = ("getp", "setp", "nllf", "bounds")
_OF_MODELS = ("parameters", "residuals", "numpoints")


def Fit(  # noqa: N802 (it reads as the thing that it makes)
    problem: Any,
    *,
    when: Condition | None = None,
    service: Service | str | None = None,
    lock: str | None = None,
    offer: str | None = None,
    install: InstallPolicy = "auto",
    with_: str | Sequence[str] = (),
    requires: str | Sequence[str] = (),
    as_installed: bool = False,
    retries: int = 0,
    backoff: float = 1.0,
    timeout: float | None = None,
    stalled_after: float | None = None,
    memory: int | str | None = None,
    restartable: bool | None = None,
    fresh: bool | None = None,
    label: str | None = None,
    memo: bool | None = None,
    report: Report | None = None,
    args: Sequence[str] = (),
    files: str | Sequence[str] = (),
    resume: Job | str | Path | None = None,
    parallel: int = 1,
    good_enough: float | None = None,
    **options: Any,
) -> Any:
    """Fit ``problem`` on a service; returns its `FitJob` at once, whose result is the fit's.

    ``problem`` is a bumps ``FitProblem``, an experiment (of refl1d, of sasmodels, a ``Curve``)
    or a list of them, in an environment of all that it refers to; what a job will return (the
    job itself, or a part of its output), in the environment of that job; or the path of a model
    script, as ``bumps`` takes it, which is loaded here to see what must go along. ``options``
    are those of the fit (``method=``, ``steps=``, …), for a script those of ``bumps``; the others
    are those of `Service.submit`, ``cpus=4`` and ``engine=`` included. It reports its progress:
    ``fit.progress["chisq"]``. Without a service it runs here.

    ``parallel`` spreads a population over as many processes (0: one for each core of the
    service). The fit stops between two steps, and completes with its best point, once chisq is
    below ``good_enough``, after ``timeout`` seconds, or when `FitJob.stop` asks it to; and when
    it has said nothing of its progress for ``stalled_after`` seconds. Where a step takes longer
    than a minute after its time, it is ended.

    Of a script ``args`` are its own arguments, and ``files`` patterns of
    files in its folder that it needs and does not open when it is loaded. ``resume`` is an
    earlier fit of it, or a session of bumps, from which it goes on.

    Raises `UsageError` for what cannot be fitted, and for a script that cannot be loaded.
    """
    asked = {name: options.pop(name) for name in RESOURCES & options.keys()}
    how = FitSubmission(
        when=when,
        lock=lock,
        offer=offer,
        install=install,
        with_=with_,
        requires=requires,
        as_installed=as_installed,
        report=report,
        said=JobKeywords(
            timeout=timeout,
            stalled_after=stalled_after,
            memory=memory,
            restartable=restartable,
            retries=retries,
            backoff=backoff,
            fresh=fresh,
            label=label,
            memo=memo,
            **asked,  # type: ignore[typeddict-item]  # their names are in the set
        ),
    )
    limits = {"good_enough": good_enough, "timeout": timeout}
    chosen: Service | None = service_named(service)
    if chosen is None and when is not None:
        raise UsageError("park.Fit(when=…): a condition, and no service that could wait for it")
    if isinstance(problem, (str, os.PathLike)) and not isinstance(problem, Placeholder):
        script = script_of(problem)
        given = bumps_options(options if parallel == 1 else {**options, "parallel": parallel})
        if chosen is None:
            return _script_here(script, args, resume, given, limits)
        patterns = [files] if isinstance(files, str) else files
        how = how.with_grace(_LAST_STEP_S)
        return fit_of_script(
            chosen,
            script,
            how,
            args=args,
            files=patterns,
            resume=resume,
            options=given,
            stop=limits,
        )
    if args or files or resume is not None:
        raise UsageError("park.Fit: args=, files= and resume= are for the fit of a model script")
    own = {"parallel": None if parallel == 1 else parallel, **limits}
    options |= {name: value for name, value in own.items() if value is not None}
    if chosen is None:
        from park.fitting import fit

        return fit(problem, **options)
    return _fit_of_object(chosen, problem, how.with_grace(_LAST_STEP_S), options)


def _script_here(
    script: Path, args: Sequence[str], resume: Any, options: list[str], limits: Mapping[str, Any]
) -> Any:
    from park.model_script import fit_script

    return fit_script(
        str(script),
        files={},
        folders=[str(script.parent)],
        arguments=list(args),
        options=options,
        session=None if resume is None else os.fspath(resume),
        **limits,
    )


def _fit_of_object(
    service: Service, problem: Any, how: FitSubmission, options: dict[str, Any]
) -> Job:
    found = _placeholder(problem)
    if found is None:
        _check(problem)
    sending = Sending(service.connection.bindings.ways)
    call = encode_call((problem,), options, service=service.url, sending=sending)
    if found is not None:
        binding = _beside(service, found, how)
    else:
        used = call.sending or sending
        used.note("bumps")  # the fit itself needs it, whatever the model is made of
        binding = how.environment_of_pickles(service, _ENTRY_POINT, reach_of(used))
    return how.put(service, _ENTRY_POINT, call, binding, kind=FitJob)


def _placeholder(problem: Any) -> Placeholder | None:
    """Return the first of what jobs will leave that is fitted, if there is any."""
    each = problem if isinstance(problem, (list, tuple)) else [problem]
    return next((one for one in each if isinstance(one, Placeholder)), None)


def _check(problem: Any) -> None:
    """Raise `UsageError` for what cannot be fitted, and where nothing here could."""
    several = problem if isinstance(problem, (list, tuple)) else [problem]
    wrong = [each for each in several if not _is_model(each)]
    if (wrong or not several) and not _has(problem, _OF_PROBLEMS):
        kind = type(wrong[0] if wrong else problem).__qualname__
        raise UsageError(
            f"a fit takes a bumps FitProblem, an experiment or a list of them; got {kind}",
            hint="an experiment is a model with its data: Experiment(…), Curve(…); or pass the "
            'path of a model script: park.Fit("model.py")',
        )
    if find_spec("bumps") is None:
        raise UsageError(
            "a fit needs bumps, which is not installed in this interpreter",
            hint=install_command("bumps"),
        )


def _is_model(value: Any) -> bool:
    return _has(value, _OF_MODELS)


def _has(value: Any, names: tuple[str, ...]) -> bool:
    return all(hasattr(value, name) for name in names)


def _beside(service: Service, problem: Placeholder, how: FitSubmission) -> Future[Binding] | None:
    """Return the environment of what a job leaves: that job's, unless another one was named."""
    if how.is_elsewhere or how.requires:
        return how.environment(service, _ENTRY_POINT, None)
    if how.with_:
        raise UsageError(
            "park.Fit(with_=…): the fit of what a job leaves runs in the environment of that job",
            hint="say it where that job is submitted, or name an environment: lock=, offer=",
        )
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
