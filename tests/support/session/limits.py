"""How long tests wait for what must come."""

from __future__ import annotations

__all__ = ["LIMIT_S"]

LIMIT_S = 600.0
"""No wait of these tests lasts; one that does is a failure, on however slow a machine."""
