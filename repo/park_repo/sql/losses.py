"""What the errors of a database server say: that it was lost, or that it takes nothing.

Told by what drivers put into their errors, so that none need be imported.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

__all__ = ["is_loss", "is_refusal"]

_LOST = ("08", "57P01", "57P02", "57P03", "53300")
"""Connection exceptions, shutdowns, a start under way, and too many connections.

<https://www.postgresql.org/docs/current/errcodes-appendix.html>"""

_REFUSED = ("25006", "53", "58")
"""Read-only (a server that is a copy now), without resources, failing at its disk."""


def is_loss(error: BaseException | None) -> bool:
    """Tell whether ``error`` says that there is no connection to the server, or none any more."""
    if not isinstance(error, DBAPIError) or not _is_of_server(error.orig):
        return False
    state = _state(error)
    if state is None:  # said by the client's side: no server answered
        return type(error.orig).__name__ in {"OperationalError", "InterfaceError"}
    return state.startswith(_LOST)


def is_refusal(error: BaseException | None) -> bool:
    """Tell whether ``error`` says that the server is there, and takes nothing for now."""
    state = _state(error)
    return state is not None and state.startswith(_REFUSED) and not is_loss(error)


def _is_of_server(error: object) -> bool:
    return hasattr(error, "sqlstate")


def _state(error: BaseException | None) -> str | None:
    """Return the SQLSTATE of an error; None where no server has said any."""
    return getattr(getattr(error, "orig", None), "sqlstate", None)
