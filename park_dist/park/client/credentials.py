"""What opens a URL: a token, a user's password, or a grant of a service."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from park.calling import service_named
from park.client.access.token import is_token
from park.errors import UsageError

if TYPE_CHECKING:
    from park.client.service import Service

__all__ = ["Credentials", "Lend", "credentials"]

Lend: TypeAlias = Literal["ship", "bounce"]
"""How a grant is lent: held by the service that uses it, or asked of the agent for each use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What opens a URL: either the value of an ``Authorization`` header, or a service's grant.

    ``lend`` is how the grant is lent: see `credentials`.
    """

    authorization: str | None = field(default=None, repr=False)
    service: Service | None = None
    lend: Lend | None = None


def credentials(
    *,
    service: Service | str | None = None,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
    lend: Lend | None = None,
) -> Credentials:
    """Return what opens the URL of a fetch: exactly one of these.

    With ``service`` a grant is made, when the fetch is submitted, for what is fetched and
    nothing else: ``lend="ship"`` has the fetching service hold it, "bounce" has that ask your agent
    (`park login`) for each use; None: as is configured, or as the policies of both services say.
    ``token`` is sent as a bearer token, ``user`` and ``password`` as HTTP's
    basic authentication, to the server of the URL alone.
    """
    given = [service is not None, token is not None, user is not None or password is not None]
    if sum(given) != 1 or (user is None) != (password is None):
        raise UsageError("credentials are a service, a token, or a user with a password")
    if lend not in {None, "ship", "bounce"} or (lend is not None and service is None):
        raise UsageError(
            f"lend={lend!r}: what a service lends is shipped or bounced: 'ship' or 'bounce'"
        )
    if service is not None:
        return Credentials(service=service_named(service), lend=lend)
    if token is not None:
        return Credentials(authorization=f"Bearer {_plain(token)}")
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Credentials(authorization=f"Basic {pair}")


def _plain(token: str) -> str:
    if not is_token(token):
        raise UsageError(
            "the token is empty, or has spaces, line breaks or characters beyond ASCII"
        )
    return token
