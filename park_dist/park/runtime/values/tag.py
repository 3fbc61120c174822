"""The key that makes a JSON object a node of the codec."""

from __future__ import annotations

__all__ = ["TAG"]

TAG = "$park"
