"""What a running service reads again when it is told to (SIGHUP), without leaving anybody.

Each part is on its own: where one cannot be read, what was there before goes on, and the log
says why.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from park.errors import ParkError
from park_server.log_lines.setup import tell

__all__ = ["Reload"]

_log = logging.getLogger("park.serve")

Part = Callable[[], Awaitable[None]]


class Reload:
    """Reads ``parts`` again, by the name by which the log tells of them."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    async def now(self) -> None:
        """Read all again, and tell what could be."""
        done: list[str] = []
        for name, read in self._parts.items():
            try:
                await read()
            except ParkError as error:
                hint = f" ({error.hint})" if error.hint else ""
                _log.error("%s is kept as it was: %s%s", name, error, hint)
            except Exception:  # noqa: BLE001 (one part is not the others')
                _log.exception("%s is kept as it was", name)
            else:
                done.append(name)
        tell(f"park serve: read again: {', '.join(done) or 'nothing'}")
