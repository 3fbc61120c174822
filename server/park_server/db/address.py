"""Where the state of a service is kept: what its operator said, without a word of the password."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from park.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["address_of", "named_in", "shown"]

_DRIVER = "postgresql+psycopg"
_FILE = "database"
"""The file of a home that names the database, where that is not in the home itself."""


def address_of(home: Path, said: str | None, password: Path | None) -> URL | None:
    """Return the database that was ``said``, or that the home names; None: the home's own.

    Raises `UsageError` for what is none, and for one with a password in it, which everybody on
    the machine could read.
    """
    option = "--database"
    if said is None:
        said, option = named_in(home), f"{home / _FILE}:"
    if said is None:
        if password is not None:
            raise UsageError("--database-password is given, but no --database")
        return None
    url = _parsed(said, option)
    return url if password is None else url.set(password=_password_in(password))


def named_in(home: Path) -> str | None:
    """Return the database that the file of ``home`` names, None where there is no such file."""
    try:
        text = (home / _FILE).read_text(encoding="utf-8")
    except OSError:
        return None
    return text.strip() or None


def shown(url: URL) -> str:
    """Return ``url`` as people may see it."""
    return url.set(password=None).render_as_string()


def _parsed(said: str, option: str) -> URL:
    # a start asks here long before it needs a database
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    hint = f"it is {_DRIVER}://user@host/name"
    try:
        url = make_url(said)
    except ArgumentError:
        raise UsageError(f"{option} is no URL of a database", hint=hint) from None
    if url.password is not None or "password" in url.query:
        raise UsageError(
            f"{option} {shown(_without_password(url))} has a password in it, which others can read",
            hint="leave it out, and put it into ~/.pgpass, PGPASSWORD or --database-password FILE",
        )
    if url.drivername not in {_DRIVER, "postgresql"}:
        raise UsageError(f"{option} {shown(url)}: expected PostgreSQL", hint=hint)
    if not url.database:
        raise UsageError(f"{option} {shown(url)} names no database", hint=hint)
    return url.set(drivername=_DRIVER)


def _without_password(url: URL) -> URL:
    return url.difference_update_query(["password"])


def _password_in(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8").partition("\n")[0]
    except OSError as error:
        raise UsageError(f"--database-password {path}: {error.strerror}") from error
