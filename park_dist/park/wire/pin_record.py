"""What installs, offers and environments share: one project at one version."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PinRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PinRecord:
    """One project at one version."""

    name: str
    version: str
