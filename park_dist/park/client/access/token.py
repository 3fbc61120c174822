"""What a token may be: one word of printable ASCII, since it stands in a header."""

from __future__ import annotations

__all__ = ["is_token"]


def is_token(text: str) -> bool:
    """Tell whether ``text`` can be sent as a token: some ASCII without spaces or line breaks."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
