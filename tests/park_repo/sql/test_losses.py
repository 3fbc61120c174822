"""What an error of a server means, by its SQLSTATE."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from park_repo.sql.losses import is_loss, is_refusal


class OperationalError(Exception):
    """As drivers of servers call it."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("said")
        self.sqlstate = sqlstate


class ProgrammingError(Exception):
    sqlstate = None


def wrapped(error: Exception) -> DBAPIError:
    return DBAPIError("SELECT", None, error)


@pytest.mark.parametrize("state", [None, "08006", "57P01", "57P03", "53300"])
def test_a_server_is_lost(state: str | None) -> None:
    error = wrapped(OperationalError(state))
    assert is_loss(error)
    assert not is_refusal(error)


@pytest.mark.parametrize("state", ["53100", "25006", "58030"])
def test_a_server_takes_nothing(state: str) -> None:
    error = wrapped(OperationalError(state))
    assert is_refusal(error)
    assert not is_loss(error)


@pytest.mark.parametrize(
    "error",
    [OperationalError("40001"), OperationalError("23505"), ProgrammingError(), OSError("disk")],
)
def test_anything_else_is_neither(error: Exception) -> None:
    assert not is_loss(wrapped(error))
    assert not is_refusal(wrapped(error))
    assert not is_loss(error)
    assert not is_loss(None)
