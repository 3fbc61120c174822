"""What the kernel gives this process: descriptors, of which connections take some; no core dump."""

from __future__ import annotations

import resource

__all__ = ["leave_no_core", "most_connections", "raise_descriptor_limit"]

_MOST_DESCRIPTORS = 65_536
"""More serves nobody, and programs that jobs start may walk through all of them."""


def raise_descriptor_limit() -> int:
    """Let this process have as many descriptors as it may; return how many that is.

    The soft limit is often 1,024, which is as many as the clients that wait for news.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted: int = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    wanted = max(soft, min(wanted, _MOST_DESCRIPTORS)) if soft != resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def leave_no_core() -> None:
    """Have neither this process nor what it starts leave its memory in a file when it crashes.

    That of the service has what others trusted it with. That of a job would be a result of tens
    of gigabytes; a job that wants one raises the limit itself (getrlimit(2), the hard one stays).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def most_connections() -> int:
    """Return how many connections there may be: three quarters of all descriptors.

    The rest is for the files, jobs and database of the service itself: without any left, what it
    does for everybody would fail because of somebody who only connects.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (_MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft) * 3 // 4
