"""What lends to other services, and what is lent by them: grants, their cost, and the key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from park_repo.database import Database
from park_server.bouncing.wanted_passes import WantedPassBook
from park_server.bus import Bus
from park_server.grants.costs import GrantCosts
from park_server.grants.grants import Grants
from park_server.home import Home
from park_server.proofs.identity import ServiceIdentity
from park_server.proofs.signed_uses import Uses
from park_server.sealing.sealing import Sealing
from park_server.settings import Settings
from park_server.trust.trust import Trust

__all__ = ["LendingParts", "lending_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LendingParts:
    """``grants`` of this service, what each of them costs, how ``uses`` are looked at, and the key.

    With ``identity`` this service signs what it asks with the grants of others; ``passes`` are
    wanted for those of them that are bounced. ``sealing`` is of what was lent, as it is kept.
    """

    grants: Grants
    costs: GrantCosts
    uses: Uses
    identity: ServiceIdentity
    passes: WantedPassBook
    sealing: Sealing


def lending_of(
    settings: Settings, home: Home, database: Database, bus: Bus, trust: Trust
) -> LendingParts:
    """Return the parts; the policy of ``trust`` says what grants may be, and may cost."""
    costs = GrantCosts(lambda: trust.directory.policy.grants)

    def ended(ids: Collection[str]) -> None:
        trust.under_way.end(ids)
        costs.forget(ids)

    grants = Grants(
        database,
        bus,
        settings.roots,
        on_end=ended,
        permits_unbound=lambda: trust.directory.policy.grants.unbound,
        permits_shipped=lambda: trust.directory.policy.grants.shipped,
    )
    return LendingParts(
        grants=grants,
        costs=costs,
        uses=Uses(settings.url),
        identity=ServiceIdentity(home.identity_file),
        passes=WantedPassBook(bus),
        sealing=Sealing(home.sealing_file),
    )
