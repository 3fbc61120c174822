"""A service that grants are bound to, as tests play it: it signs each use."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import Any

from support.material.open_doors import anybody, nobody, unheard

from park_repo.database import Database
from park_server.bus import Bus
from park_server.grants.costs import GrantCosts
from park_server.grants.grants import Grants
from park_server.http.gate.grant_gate import GrantGate
from park_server.proofs.dpop import Use, signed
from park_server.proofs.service_key import ServiceKey
from park_server.proofs.signed_uses import Uses
from park_server.trust.policy import GrantLimits

__all__ = ["Holder", "gate_of", "grants_of"]


def grants_of(database: Database, bus: Bus, roots: Collection[str] = ()) -> Grants:
    """Return the grants of a service without a policy, which tells nobody of their end."""
    return Grants(
        database,
        bus,
        roots,
        on_end=unheard,
        permits_unbound=nobody,
        permits_shipped=anybody,
    )


def gate_of(grants: Grants, limits: GrantLimits | None = None) -> GrantGate:
    """Return the gate of a service with ``grants``."""
    known = limits or GrantLimits()
    return GrantGate(grants=grants, uses=Uses(), costs=GrantCosts(lambda: known))


class Holder:
    """A service with a key of its own."""

    def __init__(self) -> None:
        self.key = ServiceKey.new()
        self.nonce: str | None = None

    @property
    def name(self) -> str:
        """What grants for it are bound to."""
        return self.key.thumbprint

    def proof(self, method: str, url: str, token: str, **other: Any) -> str:
        """Return the proof of one use; ``other`` are its nonce, id and moment where they are."""
        facts = {"nonce": self.nonce, "id": secrets.token_urlsafe(8), "moment": time.time()}
        return signed(self.key, Use(method=method, url=url, token=token), **{**facts, **other})

    def headers(self, method: str, url: str, token: str, **other: Any) -> dict[str, str]:
        """Return what a use is sent with."""
        proof = self.proof(method, url, token, **other)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def ask(self, http: Any, token: str, method: str, path: str, **arguments: Any) -> Any:
        """Use a grant at ``http``, with the nonce that it wants."""
        url = f"{str(http.base_url).rstrip('/')}{path}"
        for _ in range(2):
            headers = self.headers(method, url, token)
            response = http.request(method, path, headers=headers, **arguments)
            self.nonce = response.headers.get("dpop-nonce", self.nonce)
            if "use_dpop_nonce" not in response.headers.get("www-authenticate", ""):
                break
        return response
