"""What tests hand to a part where nobody is to be kept out: no guard has a default that permits."""

from __future__ import annotations

__all__ = ["anybody", "nobody", "of_the_service", "unheard", "without_limit"]


def anybody(*_: object) -> bool:
    """Let everybody have it."""
    return True


def nobody(*_: object) -> bool:
    """Let nobody have it."""
    return False


def of_the_service(_user: str) -> None:
    """Have all files and processes of users be the service's own: no accounts are given."""


def without_limit(*_: object) -> None:
    """Raise for nobody."""


def unheard(*_: object) -> None:
    """Tell nobody of what ended or changed."""
