"""The table of large submissions on their way in, which are written piece by piece."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table, Text

from park_repo.tables import metadata

__all__ = ["arriving"]

arriving = Table(
    "arriving",
    metadata,
    Column("submission", String, primary_key=True),
    Column("behind", Integer, primary_key=True, comment="pieces that come after this one"),
    Column("user", String, nullable=False),
    Column("accepted", String, nullable=False, comment="the moment from which delays count"),
    Column("document", Text, nullable=False, comment="its requests, as a list in JSON"),
)
"""A submission is accepted with its last piece, which has none behind it."""
