"""What an install says that failed through no fault of its request."""

from __future__ import annotations

from park.errors import ServiceFault
from park_server.disk import is_of_disk, line_of_disk

__all__ = ["fault_of"]


def fault_of(error: Exception) -> ServiceFault:
    """Return what those hear of ``error`` who wait for the install."""
    if is_of_disk(error):
        return ServiceFault(
            f"the disk of the service refused the environment: {line_of_disk(error)}",
            hint="ask its operator for room, and install again",
        )
    return ServiceFault(
        f"the service failed to install: {type(error).__name__}: {error}",
        hint="this is a defect of the service; its log has the traceback",
    )
