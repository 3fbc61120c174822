"""Whether a token may go to a service: unseen on the way, or at the user's own risk."""

from __future__ import annotations

from park.errors import InsecureTransport
from park.model.urls import host_of, is_protected

__all__ = ["require_protected"]


def require_protected(url: str, *, insecure: bool) -> None:
    """Raise `InsecureTransport` where a token for ``url`` could be read on its way there.

    ``insecure``: the user has said that he takes that risk.
    """
    if insecure or is_protected(url):
        return
    raise InsecureTransport(
        f"{host_of(url)} is asked by plain HTTP, and is not this machine: whoever is on the way "
        "could read your token",
        hint="use its https:// URL. On a network that you trust: --insecure, "
        "park.remote_service(…, insecure=True), or for good park service add NAME URL --insecure",
    )
