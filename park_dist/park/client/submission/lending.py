"""What is lent to one service: grants of others, each bound to the key of that one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from park.client.access.transport import Transport
from park.client.submission.grants import grant, revoke
from park.errors import CannotSatisfy
from park.wire import API

if TYPE_CHECKING:
    from park.client.submission.item import Opening

__all__ = ["Lending"]

_FRESH_S = 60.0
"""How long a service is not asked again who it is: it may have been given another key."""

_UPDATE = "have its operator update it: pip install -U park-dist[server]"


class Lending:
    """Makes grants for the service of ``transport``, which alone can use them."""

    def __init__(self, transport: Transport, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._known: tuple[float, str] | None = None

    def lent(self, opening: Opening) -> dict[str, Any]:
        """Make a grant of ``opening`` for one job alone; return what goes along with the job.

        Raises `CannotSatisfy` where one of both services is of a park that binds none.
        """
        holder, lender = self._holder(), opening.outbox.transport
        made = grant(
            lender,
            jobs=opening.jobs,
            files=opening.files,
            stops=opening.stops,
            holder=holder,
            lent_to=self._transport.address.url,
        )
        if made.holder != holder:
            revoke(lender, made.id)
            raise CannotSatisfy(
                f"{opening.outbox.url} is of an earlier park, and binds no grant to the service"
                " that uses it: none is lent",
                hint=_UPDATE,
            )
        return {"service": opening.outbox.url, "token": str(made.token), "holder": holder}

    def _holder(self) -> str:
        """Return the identity of the service; raises `CannotSatisfy` where it has none."""
        now = self._clock()
        if self._known is None or now - self._known[0] > _FRESH_S:
            identity = self._transport.json("GET", API).get("identity")
            if not isinstance(identity, str):
                raise CannotSatisfy(
                    f"{self._transport.address.url} is of an earlier park and has no key, so"
                    " nothing of another service can be lent to it",
                    hint=_UPDATE,
                )
            self._known = now, identity
        return self._known[1]
