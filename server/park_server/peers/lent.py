"""What another service lent to this one: a grant, and the key of this one that it is bound to."""

from __future__ import annotations

from dataclasses import dataclass, field

from park_server.bouncing.wanted_passes import Wanted

__all__ = ["Lent", "Opening"]


@dataclass(frozen=True, slots=True)
class Lent:
    """The token of a grant, sealed as it is kept; ``holder`` is the key that signs its uses.

    That is named by its thumbprint. Without a holder it is good for whoever has it, as services
    permit that are told to.
    ``bounced`` is its id, where each use takes a pass that ``user``'s agent makes, for ``job``.
    ``request_id`` is that of the request by which the job came that it is held for.
    """

    token: str = field(repr=False)
    holder: str | None = None
    bounced: str | None = None
    user: str = ""
    job: str = ""
    request_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """What opens one request: the token, and the key that signs it.

    ``wanted`` is what it is a pass for. ``was_sent``: it went out before and no answer came,
    so that it may have been used. ``request_id`` is that of what it is asked for.
    """

    token: str = field(repr=False)
    holder: str | None = None
    wanted: Wanted | None = None
    was_sent: bool = False
    request_id: str | None = None
