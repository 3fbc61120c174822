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
    from park.client.condition import Condition, after, all_of, any_of, at, at_least, available
    from park.client.credentials import Credentials, credentials
    from park.client.fetching import Fetch, fetch_url
    from park.client.files import File, service_file
    from park.client.finding import cancel, get_job
    from park.client.fit import Fit
    from park.client.installing import Install, install_service
    from park.client.job import Job
    from park.client.mapping import Jobs
    from park.client.placeholders import (
        FileReference,
        ProgressReference,
        UrlReference,
        ValueReference,
    )
    from park.client.plan import Plan, plan
    from park.client.service import Service, remote_service
    from park.client.waiting import (
        ALL_COMPLETED,
        FIRST_COMPLETED,
        FIRST_FAILED,
        as_completed,
        wait,
    )
    from park.errors import ParkError
    from park.jobside import job, job_directory, progress

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
    "Install",
    "Job",
    "Jobs",
    "ParkError",
    "Plan",
    "ProgressReference",
    "Service",
    "UrlReference",
    "ValueReference",
    "after",
    "all_of",
    "any_of",
    "as_completed",
    "at",
    "at_least",
    "available",
    "cancel",
    "credentials",
    "fetch_url",
    "get_job",
    "install_service",
    "job",
    "job_directory",
    "plan",
    "progress",
    "remote_service",
    "service_file",
    "wait",
]

__version__ = "0.1.0"

_HOMES = {
    "ALL_COMPLETED": "park.client.waiting",
    "FIRST_COMPLETED": "park.client.waiting",
    "FIRST_FAILED": "park.client.waiting",
    "Condition": "park.client.condition",
    "Credentials": "park.client.credentials",
    "Fetch": "park.client.fetching",
    "File": "park.client.files",
    "FileReference": "park.client.placeholders",
    "Fit": "park.client.fit",
    "Install": "park.client.installing",
    "Job": "park.client.job",
    "Jobs": "park.client.mapping",
    "ParkError": "park.errors",
    "Plan": "park.client.plan",
    "ProgressReference": "park.client.placeholders",
    "Service": "park.client.service",
    "UrlReference": "park.client.placeholders",
    "ValueReference": "park.client.placeholders",
    "after": "park.client.condition",
    "all_of": "park.client.condition",
    "any_of": "park.client.condition",
    "as_completed": "park.client.waiting",
    "at": "park.client.condition",
    "at_least": "park.client.condition",
    "available": "park.client.condition",
    "cancel": "park.client.finding",
    "credentials": "park.client.credentials",
    "fetch_url": "park.client.fetching",
    "get_job": "park.client.finding",
    "install_service": "park.client.installing",
    "job": "park.jobside",
    "job_directory": "park.jobside",
    "plan": "park.client.plan",
    "progress": "park.jobside",
    "remote_service": "park.client.service",
    "service_file": "park.client.files",
    "wait": "park.client.waiting",
}


def __getattr__(name: str) -> object:
    """Import the module in which ``name`` is at home (PEP 562)."""
    import importlib

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'park' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
