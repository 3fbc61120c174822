"""The tables of what is done piece by piece: large submissions, and what follows large ends."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from park_repo.tables import metadata

__all__ = ["arriving", "unsettled"]

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

unsettled = Table(
    "unsettled",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True, comment="first come first"),
    Column("step", String, nullable=False, comment="changed, ending, or race"),
    Column("subject", String, nullable=False, comment="a job or an install"),
    Column("after", String, nullable=False, comment="what waits for it is settled up to this id"),
    Column("why", Text, comment="of a job that is to be ended: what its user is told"),
    Index("unsettled_by_subject", "subject"),
)
"""What is still to follow from a change that is committed; empty, as a rule."""
