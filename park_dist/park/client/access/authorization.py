"""What opens a service, as its requests say it: looked up for each, and sent nowhere unread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park.client.access.plain_http import require_protected

if TYPE_CHECKING:
    from park.client.access.address import Address

__all__ = ["authorization"]


def authorization(address: Address) -> dict[str, str]:
    """Return the header of a request to ``address`` that has its token, if there is one.

    Raises `InsecureTransport` where it could be read on the way.
    """
    token = address.bearer()
    if token is None:
        return {}
    require_protected(address.url, insecure=address.insecure)
    return {"Authorization": f"Bearer {token}"}
