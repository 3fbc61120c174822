"""Logins at an issuer, put together: the way to it, and its secret."""

from __future__ import annotations

from functools import partial

from park_server.assembly.foundation import Foundation
from park_server.egress.upstream_transport import index_client
from park_server.oidc.device_logins import DeviceLogins
from park_server.oidc.openid_issuer import Issuer
from park_server.ownership import read_secret
from park_server.trust.policy import LoginPolicy

__all__ = ["device_logins_of"]


def device_logins_of(foundation: Foundation) -> DeviceLogins:
    """Return the logins at the issuer that the policy names at that moment."""
    return DeviceLogins(
        database=foundation.database,
        directory=foundation.trust.directory,
        book=foundation.trust.book,
        failed=foundation.trust.failed_logins,
        issuer=partial(_issuer, foundation),
    )


def _issuer(foundation: Foundation, policy: LoginPolicy) -> Issuer:
    """Return the issuer; the operator named it, and what that names follows the address policy."""
    secret = None
    if policy.secret_file is not None:
        secret = read_secret(foundation.home.path / policy.secret_file)
    client = partial(index_client, foundation.settings.addresses, policy.issuer)
    return Issuer(policy, client, secret)
