"""Descriptors: as many as may be had, of which connections leave some."""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from park_server.quotas.descriptors import (
    leave_no_core,
    most_connections,
    raise_descriptor_limit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def soft_limit(soft: int) -> Iterator[int]:
    """Have so many descriptors at most; give the hard limit."""
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))


def test_descriptors_up_to_the_hard_limit_and_never_fewer() -> None:
    with soft_limit(256) as hard:
        assert raise_descriptor_limit() == min(hard, 65_536)


def test_connections_leave_some_to_the_service() -> None:
    with soft_limit(256):
        assert most_connections() == 192


def test_what_crashes_leaves_no_memory_in_a_file() -> None:
    """Nor does what is started from there, which may have one if it wants to."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        leave_no_core()
        code = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
        told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    assert told.stdout.decode().strip() == str((0, before[1]))
