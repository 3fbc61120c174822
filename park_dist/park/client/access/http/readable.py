"""Which of some sockets have something to be read."""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

__all__ = ["readable"]


def readable(sockets: Sequence[socket.socket], within_s: float) -> list[socket.socket]:
    """Return those that have something within so many seconds, as soon as one has."""
    if not hasattr(select, "poll"):  # Windows, whose select knows no limit of 1024
        return select.select(sockets, [], [], within_s)[0]
    poll = select.poll()
    by_number = {each.fileno(): each for each in sockets}
    for number in by_number:
        poll.register(number, select.POLLIN)
    return [by_number[number] for number, _ in poll.poll(within_s * 1_000)]
