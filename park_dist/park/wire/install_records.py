"""Installs and offers: what a client asks for, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from park.model.states import InstallState
from park.wire.pin_record import PinRecord

__all__ = [
    "InstallRecord",
    "LocalWheel",
    "OfferRecord",
    "OfferRequest",
    "ProgressRecord",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalWheel:
    """A wheel that the client built from a tree; ``sha256`` in hex, ``size`` in bytes."""

    name: str
    version: str
    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressRecord:
    """How far one stage of an install is: ``done`` of ``total`` in ``unit``."""

    stage: str
    done: int
    total: int
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallRecord:
    """An install as the service sees it.

    ``missing`` names the wheels (file names) that it waits for; ``added`` the pins that
    only the service's platform needs; ``error`` is a problem document once it failed.
    ``revision`` grows with every change, progress included. ``stages`` are those that have
    begun, ``progress`` the one that moved last. A ``ready`` one may still be ``compiling``:
    its environment is of use, and bytecode follows.
    """

    id: str
    state: InstallState
    project: str
    version: str
    python: str
    set_hash: str
    lock_hash: str | None = None
    missing: list[str] = field(default_factory=list)
    added: list[PinRecord] = field(default_factory=list)
    realised: bool = False
    progress: ProgressRecord | None = None
    stages: list[ProgressRecord] = field(default_factory=list)
    compiling: bool = False
    error: dict[str, Any] | None = None
    revision: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferRequest:
    """A project at one version, to be kept ready for everybody.

    ``python`` is a minor, None for the service's own. ``pylock`` is the text of a PEP 751
    lock, which is kept to the letter; without one the service resolves. Or ``lock``, a lock
    hash or a prefix of one, whose environment the service has: it is offered as what was
    installed under it, which ``project`` and ``version`` choose among several.
    """

    project: str | None = None
    version: str | None = None
    python: str | None = None
    pylock: str | None = None
    lock: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferRecord:
    """A project that is kept ready.

    ``state`` is that of its ``install``; ``lock_hash`` names the environment once it is
    known; ``error`` is one line that says why it cannot be had.
    """

    project: str
    version: str
    python: str
    install: str
    state: InstallState
    lock_hash: str | None
    error: str | None
    created: str
