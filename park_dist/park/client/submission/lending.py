"""What is lent to one service: grants of others, each bound to the key of that one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from park.client.access.transport import Transport
from park.client.submission.grants import grant, revoke
from park.errors import CannotSatisfy, NotPermitted, ParkError
from park.wire import API, GrantRecord

if TYPE_CHECKING:
    from park.client.submission.item import Opening

__all__ = ["Lending", "watch_passes"]

_FRESH_S = 60.0
"""How long a service is not asked again who it is: it may have been given another key."""

_UPDATE = "have its operator update it: pip install -U park-dist[server]"


def watch_passes(service: str, lender: str) -> None:
    """Have the agent make the passes that ``service`` wants for what ``lender`` lent it.

    Raises where there is no agent, or one that does not hold the logins at both.
    """
    from park.agent.client import AgentClient
    from park.agent.messages import WatchPasses

    try:
        AgentClient().started().ask(WatchPasses(service=service, lender=lender))
    except ParkError as error:
        raise NotPermitted(
            f"what {lender} lends to {service} is bounced off your agent, which holds the logins"
            f" at both: {error.message}",
            hint=f"park login {lender}, and park login {service}, for it to hold them",
        ) from None


class Lending:
    """Makes grants for the service of ``transport``, which alone can use them.

    ``watch`` has the agent watch for the passes that those take which are bounced.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Callable[[], float] = time.monotonic,
        watch: Callable[[str, str], None] = watch_passes,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._watch = watch
        self._known: tuple[float, dict[str, Any]] | None = None

    def lent(self, opening: Opening) -> dict[str, Any]:
        """Make a grant of ``opening`` for one job alone; return what goes along with the job.

        Raises `CannotSatisfy` where one of both services is of a park that binds none,
        `NotPermitted` where the policy of one has nothing shipped, or no agent can be asked.
        """
        holder, lender = self._holder(), opening.outbox.transport
        is_bounced = self._is_bounced(opening)
        made = grant(
            lender,
            jobs=opening.jobs,
            files=opening.files,
            stops=opening.stops,
            holder=holder,
            lent_to=self._transport.address.url,
            bounced=is_bounced,
        )
        try:
            self._check(made, opening, holder, is_bounced=is_bounced)
        except ParkError:
            revoke(lender, made.id)
            raise
        lent = {"service": opening.outbox.url, "token": str(made.token), "holder": holder}
        return {**lent, "bounced": made.id} if made.bounced else lent

    def _check(
        self, made: GrantRecord, opening: Opening, holder: str, *, is_bounced: bool | None
    ) -> None:
        url = opening.outbox.url
        if made.holder != holder:
            raise CannotSatisfy(
                f"{url} is of an earlier park, and binds no grant to the service"
                " that uses it: none is lent",
                hint=_UPDATE,
            )
        if is_bounced and not made.bounced:
            raise CannotSatisfy(
                f"{url} is of an earlier park, and bounces no grant off an agent: none is lent",
                hint=_UPDATE,
            )
        if made.bounced:
            self._watch(self._transport.address.url, url)

    def _is_bounced(self, opening: Opening) -> bool | None:
        """Return whether each use is bounced off the agent; None: as the lender's policy says."""
        chosen = opening.lend or opening.outbox.transport.address.lend
        ships = self._about().get("ships_grants", True) is not False
        if not ships and chosen == "ship":
            raise NotPermitted(
                f"the policy of {self._transport.address.url} has it hold nothing that opens"
                " another service",
                hint="have each use bounced off your agent: lend='bounce', or say nothing",
            )
        if not ships:
            return True
        return None if chosen is None else chosen == "bounce"

    def _holder(self) -> str:
        """Return the identity of the service; raises `CannotSatisfy` where it has none."""
        identity = self._about().get("identity")
        if not isinstance(identity, str):
            raise CannotSatisfy(
                f"{self._transport.address.url} is of an earlier park and has no key, so"
                " nothing of another service can be lent to it",
                hint=_UPDATE,
            )
        return identity

    def _about(self) -> dict[str, Any]:
        now = self._clock()
        if self._known is None or now - self._known[0] > _FRESH_S:
            about: dict[str, Any] = self._transport.json("GET", API)
            if not isinstance(about.get("identity"), str):
                return about
            self._known = now, about
        return self._known[1]
