"""The table of turns: what each user had of the slots, by which the next one goes."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table

from park_repo.tables import metadata

__all__ = ["turns"]

turns = Table(
    "turns",
    metadata,
    Column("user", String, primary_key=True),
    Column("charged", Float, nullable=False, comment="slot-seconds by his weight: his tag"),
    Column("turn", Integer, nullable=False, comment="the number of his last turn"),
    Column("usual_s", Float, comment="what a job of his takes; null: none has ended"),
)
