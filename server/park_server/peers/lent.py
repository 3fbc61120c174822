"""What another service lent to this one: a grant, and the key of this one that it is bound to."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Lent"]


@dataclass(frozen=True, slots=True)
class Lent:
    """The token of a grant; ``holder`` is the thumbprint of the key that signs its uses.

    Without a holder it is good for whoever has it, as services permit that are told to.
    """

    token: str = field(repr=False)
    holder: str | None = None
