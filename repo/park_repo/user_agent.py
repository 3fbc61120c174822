"""How a service names itself to the servers that it asks."""

from __future__ import annotations

from park import __version__

__all__ = ["USER_AGENT"]

USER_AGENT = f"park-dist/{__version__}"
"""A product and its version (RFC 9110, 10.1.5)."""
