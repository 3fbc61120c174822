"""Which names files have on every platform: those of Windows are the fewest."""

from __future__ import annotations

__all__ = ["WINDOWS_FORBIDS", "is_windows_device"]

WINDOWS_FORBIDS = frozenset('<>:"|?*\\')
"""Characters that no file's name has there."""

_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"]
)


def is_windows_device(name: str) -> bool:
    """Tell whether ``name`` means a device in every directory of Windows, whatever its suffix."""
    return name.partition(".")[0].rstrip().lower() in _DEVICES
