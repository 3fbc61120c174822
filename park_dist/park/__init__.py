"""park: run the code and the versions of here on compute services that others operate.

::

    import park, mymodel

    service = park.remote_service("compufans")
    service.install(mymodel)
    job = service.submit(mymodel.prefit_simulation, n=2000)
    print(job.result())

Importing `park` loads nothing but this file: each name is found in its module when it is
first used. The same package is imported inside job environments, where none of park's own
dependencies exist and `park.job` and `park.progress` must work all the same.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from park.client.files import File, service_file
    from park.client.job import Job
    from park.client.service import Service, remote_service
    from park.errors import ParkError
    from park.jobside import job, job_directory, progress

__all__ = [
    "File",
    "Job",
    "ParkError",
    "Service",
    "job",
    "job_directory",
    "progress",
    "remote_service",
    "service_file",
]

__version__ = "0.1.0"

_HOMES = {
    "File": "park.client.files",
    "Job": "park.client.job",
    "ParkError": "park.errors",
    "Service": "park.client.service",
    "job": "park.jobside",
    "job_directory": "park.jobside",
    "progress": "park.jobside",
    "remote_service": "park.client.service",
    "service_file": "park.client.files",
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
