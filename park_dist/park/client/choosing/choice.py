"""What a user wants where a service does not take the version of here: which one it is to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from park.errors import UsageError

if TYPE_CHECKING:
    from park.client.choosing.nearness import Ranked

__all__ = ["EXACT", "Ask", "VersionPolicy", "Wanted", "chosen", "on_terminal", "require_policy"]

VersionPolicy = Literal["exact", "compatible", "nearest", "ask"]
"""``exact``: the version of here, or an error with what there is instead. ``compatible``: also
one of which all that jobs of the entry point import there has the versions of here.
``nearest``: also the first in the order of `park.client.choosing.nearness`. ``ask``: the one
that the user takes on a terminal."""

Ask: TypeAlias = "Callable[[Sequence[Ranked]], Ranked | None]"
"""Shows a user what there is, the nearest first, and returns what he takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How one of the versions of a service is chosen; ``ask`` is called where that is asked."""

    policy: VersionPolicy
    ask: Ask


EXACT = Wanted(policy="exact", ask=lambda _: None)
"""The version of here, or none."""


def on_terminal(there: Sequence[Ranked]) -> Ranked | None:
    """Show what there is on a terminal, and return what is taken there."""
    from park.client.choosing.asking import ask_on_terminal  # where somebody is asked

    return ask_on_terminal(there)


def require_policy(text: str) -> None:
    """Raise `UsageError` where ``text`` is no `VersionPolicy`."""
    if text not in get_args(VersionPolicy):
        raise UsageError(f"versions={text!r}: it is 'exact', 'compatible', 'nearest' or 'ask'")


def chosen(wanted: Wanted, there: Sequence[Ranked]) -> Ranked | None:
    """Return which of ``there`` (the nearest first) a job runs in; None: in none of them."""
    if wanted.policy == "compatible":
        return next((each for each in there if each.is_compatible), None)
    if wanted.policy == "nearest":
        return next(iter(there), None)
    if wanted.policy == "ask" and there:
        return wanted.ask(there)
    return None
