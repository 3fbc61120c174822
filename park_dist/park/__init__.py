"""park: run the code and the versions of here on compute services that others operate.

::

    import park, mymodel

    with park.remote_service("compufans"):
        upload = park.install_service(mymodel)
        model = mymodel.prefit_simulation(n=2000)
        fit = mymodel.fit(model=model.filename, when=model.output["chisq"] < 10)
    print(fit.result())

Importing `park` loads nothing but this file: each name is found in its module when it is
first used. The same package is imported inside job environments, where none of park's own
dependencies exist and `park.job` and `park.progress` must work all the same.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from park.client.background_install import Install, install_service
    from park.client.by_value.requirements import requires
    from park.client.credentials import Credentials, credentials
    from park.client.fetch import fetch_url
    from park.client.job_lookup import cancel, get_job
    from park.client.joblib_backend import register_joblib
    from park.client.jobs.kinds.fit_job import FitJob, FitPicture
    from park.client.jobs.kinds.race import Race
    from park.client.jobs.placeholders import (
        FileReference,
        ProgressReference,
        UrlReference,
        ValueReference,
    )
    from park.client.jobs.submitted_job import Fetch, Job
    from park.client.jobs.sweep import Jobs
    from park.client.jobs.waiting import (
        ALL_COMPLETED,
        FIRST_COMPLETED,
        FIRST_FAILED,
        as_completed,
        wait,
    )
    from park.client.jobs.when import Condition, after, all_of, any_of, at, at_least, available
    from park.client.model_fit import Fit
    from park.client.new_race import race
    from park.client.populations.bumps_mapper import bumps_mapper
    from park.client.report import Silence
    from park.client.service import Service, remote_service
    from park.client.submission.files import File, service_file
    from park.drawing.plan import Plan, plan
    from park.drawing.workflow_picture import WorkflowPicture, workflow
    from park.errors import ParkError
    from park.jobside import job, job_directory, progress, should_stop

__all__ = [
    "ALL_COMPLETED",
    "FIRST_COMPLETED",
    "FIRST_FAILED",
    "Condition",
    "Credentials",
    "Fetch",
    "File",
    "FileReference",
    "Fit",
    "FitJob",
    "FitPicture",
    "Install",
    "Job",
    "Jobs",
    "ParkError",
    "Plan",
    "ProgressReference",
    "Race",
    "Service",
    "Silence",
    "UrlReference",
    "ValueReference",
    "WorkflowPicture",
    "after",
    "all_of",
    "any_of",
    "as_completed",
    "at",
    "at_least",
    "available",
    "bumps_mapper",
    "cancel",
    "credentials",
    "fetch_url",
    "get_job",
    "install_service",
    "job",
    "job_directory",
    "plan",
    "progress",
    "race",
    "register_joblib",
    "remote_service",
    "requires",
    "service_file",
    "should_stop",
    "wait",
    "workflow",
]

__version__ = "0.1.0"

_HOMES = {
    "ALL_COMPLETED": "park.client.jobs.waiting",
    "FIRST_COMPLETED": "park.client.jobs.waiting",
    "FIRST_FAILED": "park.client.jobs.waiting",
    "Condition": "park.client.jobs.when",
    "Credentials": "park.client.credentials",
    "Fetch": "park.client.jobs.submitted_job",
    "File": "park.client.submission.files",
    "FileReference": "park.client.jobs.placeholders",
    "Fit": "park.client.model_fit",
    "FitJob": "park.client.jobs.kinds.fit_job",
    "FitPicture": "park.client.jobs.kinds.fit_job",
    "Install": "park.client.background_install",
    "Job": "park.client.jobs.submitted_job",
    "Jobs": "park.client.jobs.sweep",
    "ParkError": "park.errors",
    "Plan": "park.drawing.plan",
    "ProgressReference": "park.client.jobs.placeholders",
    "Race": "park.client.jobs.kinds.race",
    "Service": "park.client.service",
    "Silence": "park.client.report",
    "UrlReference": "park.client.jobs.placeholders",
    "ValueReference": "park.client.jobs.placeholders",
    "WorkflowPicture": "park.drawing.workflow_picture",
    "after": "park.client.jobs.when",
    "all_of": "park.client.jobs.when",
    "any_of": "park.client.jobs.when",
    "as_completed": "park.client.jobs.waiting",
    "at": "park.client.jobs.when",
    "at_least": "park.client.jobs.when",
    "available": "park.client.jobs.when",
    "bumps_mapper": "park.client.populations.bumps_mapper",
    "cancel": "park.client.job_lookup",
    "credentials": "park.client.credentials",
    "fetch_url": "park.client.fetch",
    "get_job": "park.client.job_lookup",
    "install_service": "park.client.background_install",
    "job": "park.jobside",
    "job_directory": "park.jobside",
    "plan": "park.drawing.plan",
    "progress": "park.jobside",
    "race": "park.client.new_race",
    "register_joblib": "park.client.joblib_backend",
    "remote_service": "park.client.service",
    "requires": "park.client.by_value.requirements",
    "service_file": "park.client.submission.files",
    "should_stop": "park.jobside",
    "wait": "park.client.jobs.waiting",
    "workflow": "park.drawing.workflow_picture",
}


def __getattr__(name: str) -> object:
    """Import the module in which ``name`` is at home (PEP 562)."""
    import importlib

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'park' has no attribute {name!r}")
    try:
        module = importlib.import_module(home)
    except ModuleNotFoundError as error:
        if error.name not in {"park.client", "park.drawing"}:
            raise
        raise ImportError(
            f"park.{name} is for whoever submits jobs, and inside of a job there is no client of "
            "park: submit it where the workflow is written, or require park-dist in your package"
        ) from None
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
