"""What whoever writes to a database asks of where it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Custody"]


class Custody:
    """Nothing to ask: a database in memory. All methods belong to the writer's thread."""

    def fault(self) -> str | None:
        """Return why nothing more may be acknowledged; None where all is as it was left."""
        return None

    def left(self) -> None:
        """Note how the database is, after a transaction."""

    def enter(self, connection: Connection) -> None:
        """Become the one writer, by a new ``connection``, outside of transactions."""

    def mark(self, connection: Connection) -> str | None:
        """Return by what the transaction that is about to be committed is known afterwards."""
        del connection
        return None

    def has_kept(self, connection: Connection, mark: str) -> bool:
        """Tell whether the transaction ``mark``, whose commit got no answer, was committed."""
        del connection, mark
        return False
