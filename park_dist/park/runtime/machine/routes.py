"""Whether there is a network that leads anywhere, as the kernel has it for this process."""

from __future__ import annotations

__all__ = ["leads_nowhere"]

_NET = "/proc/self/net"

_LOOPBACK = b"lo"


def leads_nowhere(net: str = _NET) -> bool:
    """Tell whether no route leads beyond this process's own loopback; False where nobody says."""
    try:
        return not any(device != _LOOPBACK for device in (*_routed(net), *_routed_by_six(net)))
    except OSError:
        return False


def _routed(net: str) -> list[bytes]:
    """Return the devices of the routes for IPv4: each line begins with one, below a headline."""
    return [line.split()[0] for line in _lines(f"{net}/route")[1:]]


def _routed_by_six(net: str) -> list[bytes]:
    """Return those for IPv6, at the end of each line; the file is not there without IPv6."""
    try:
        return [line.split()[-1] for line in _lines(f"{net}/ipv6_route")]
    except FileNotFoundError:
        return []


def _lines(path: str) -> list[bytes]:
    # as bytes: a codec that is not loaded yet may be behind what covers the file system by now
    with open(path, "rb") as file:  # noqa: PTH123 (no Path is made)
        return file.readlines()
