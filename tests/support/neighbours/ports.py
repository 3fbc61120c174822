"""Ports for servers that must be found where they were before."""

from __future__ import annotations

import random
import socket
from pathlib import Path

__all__ = ["free_port"]


def free_port() -> int:
    """Return a port that was free just now, and that nobody is given who asks for any.

    Tests run side by side: a port of the system's own choice could be another's by the time
    that a killed server comes back to it.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(min(10_000, first // 2), first)  # noqa: S311 (no secret)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
