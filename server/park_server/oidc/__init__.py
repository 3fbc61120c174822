"""Logins at an issuer of OpenID Connect, by its device flow (RFC 8628)."""
