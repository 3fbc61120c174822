"""Passes: tokens for one use of a grant, made by its user's agent when a service asks for one."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["PassAnswer", "PassRecord", "PassRequest", "WantedPass", "WantedPasses"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PassRequest:
    """For which one request a pass is to be good: its method, and its path (decoded)."""

    method: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PassRecord:
    """A pass: good once, for ``seconds``, and for the holder of its grant alone."""

    token: str = field(repr=False)
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedPass:
    """What a service wants a pass for: one request to the service at the URL ``service``.

    ``grant`` is the one that it would use there, ``job`` what needs it here.
    """

    id: str
    grant: str
    service: str
    method: str
    path: str
    job: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedPasses:
    """The passes that are wanted of a user; ``lent`` is how many bounced grants of his are held."""

    wanted: list[WantedPass] = field(default_factory=list)
    lent: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PassAnswer:
    """What an agent answers: a pass, or why there is none: ``refused``, or not yet (``later``)."""

    token: str | None = field(default=None, repr=False)
    refused: str | None = None
    later: str | None = None
