"""Limits as values: what a policy says that a user may have, or a group together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from park.errors import UsageError
from park.model.sizes import parse_size, shown_size

__all__ = ["NO_LIMITS", "TOGETHER", "USUAL_LIMITS", "Allowance", "GroupShare", "Limits", "shown"]

TOGETHER = ("disk", "waiting", "running", "cores")
"""What the members of a group may be limited in together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is said of how much somebody may have; None: nothing is said, infinite: all he wants.

    ``disk``: bytes of what he sent and asked for, keeps, and was left by his jobs. ``waiting``:
    jobs that are accepted and do not run; ``running``: jobs that run; ``cores``: those that these
    have.
    ``requests``: HTTP requests a second, over some seconds; ``batch``: jobs in one request.
    ``share``: his part of the slots, where others wait for some; each has 1.
    """

    disk: float | None = None
    waiting: float | None = None
    running: float | None = None
    cores: float | None = None
    requests: float | None = None
    batch: float | None = None
    share: float | None = None

    @classmethod
    def of(cls, table: Mapping[str, Any], wrong: Callable[[str, str], Exception]) -> Limits:
        """Return what a table of a policy says; raises ``wrong(key, why)``."""
        values: dict[str, float] = {}
        for key, value in table.items():
            try:
                values[key] = _number(key, value)
            except UsageError as error:
                raise wrong(key, error.message) from None
        return cls(**values)

    def or_else(self, others: Iterable[Limits]) -> Limits:
        """Return these; of what they say nothing, the most generous of ``others``."""
        rest = list(others)
        return Limits(**{name: _said(self, name, rest) for name in _NAMES})


_NAMES = [field.name for field in fields(Limits)]

USUAL_LIMITS = Limits(batch=1_000, share=1.0)
"""Where a policy says nothing. A request of more jobs would keep others from the database."""

NO_LIMITS = Limits()


def _said(own: Limits, name: str, others: Iterable[Limits]) -> float | None:
    value: float | None = getattr(own, name)
    if value is not None:
        return value
    return max(
        (each for limits in others if (each := getattr(limits, name)) is not None), default=None
    )


def _number(key: str, value: Any) -> float:
    """Return a limit as a number; raises `UsageError`."""
    if value == "none" and key != "share":
        return math.inf
    if key == "disk" and isinstance(value, str):
        try:
            return float(parse_size(value))
        except ValueError as error:
            raise UsageError(f'{error}; "none" is no limit') from None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0 < value < math.inf and (key in _FRACTIONS or value == int(value)):
        return float(value)
    whole = "a number" if key in _FRACTIONS else "a whole number"
    no_limit = "" if key == "share" else ', or "none"'
    unit = ', or a size such as "20 GB"' if key == "disk" else ""
    raise UsageError(f"{key} is {whole} above 0{unit}{no_limit}, not {value!r}")


_FRACTIONS = frozenset({"requests", "share"})


def shown(name: str, value: float) -> str:
    """Return an amount of ``name`` for people.

    >>> shown("disk", 2048), shown("running", 3.0), shown("requests", 2.5), shown("cores", math.inf)
    ('2.0 KiB', '3', '2.5', 'no limit')
    """
    if value == math.inf:
        return "no limit"
    return shown_size(int(value)) if name == "disk" else f"{value:,.10g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupShare:
    """What the ``members`` of a group may have together."""

    group: str
    limits: Limits
    members: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What one user may have: by himself, and with others of his groups."""

    own: Limits = USUAL_LIMITS
    together: tuple[GroupShare, ...] = ()

    def limits(self, name: str) -> Iterable[tuple[float, frozenset[str] | None, str]]:
        """Yield each limit of ``name``: how much, for whom together (None: him alone), whose."""
        own = getattr(self.own, name)
        if own is not None:
            yield own, None, ""
        for each in self.together:
            if (limit := getattr(each.limits, name)) is not None:
                yield limit, each.members, each.group
