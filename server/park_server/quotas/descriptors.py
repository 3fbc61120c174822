"""How many descriptors this process may have, and how many of them connections may take."""

from __future__ import annotations

import resource

__all__ = ["most_connections", "raise_descriptor_limit"]

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


def most_connections() -> int:
    """Return how many connections there may be: three quarters of all descriptors.

    The rest is for the files, jobs and database of the service itself: without any left, what it
    does for everybody would fail because of somebody who only connects.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (_MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft) * 3 // 4
