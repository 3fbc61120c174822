"""The tables of the index, in the one ``metadata`` that the whole service shares.

The service adds its own tables to the same `metadata`, so one set of migrations and one
transaction cover both. Rows are computed once, when a file is published; no page is ever
made by looking into a file.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

__all__ = ["files", "metadata", "projects", "removed"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Constraint names are fixed, so that migrations can name what they change."""

files = Table(
    "index_files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("layer", String, nullable=False, comment="projects or trees"),
    Column("owner", String, nullable=False, comment="the user of a tree; empty for projects"),
    Column("project", String, nullable=False, comment="normalised (PEP 503)"),
    Column("version", String, nullable=False, comment="normalised (PEP 440)"),
    Column("filename", String, nullable=False),
    Column("key", String, nullable=False, comment="one for all spellings of the file name"),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("sha256", String(64), nullable=False, comment="hex, of the file"),
    Column("metadata_sha256", String(64), comment="hex, of its METADATA; null for an sdist"),
    Column("requires_python", String, comment="as METADATA says it"),
    Column("uploaded_at", String, nullable=False, comment="UTC, ISO 8601 with a final Z"),
    Column("uploaded_by", String, nullable=False),
    Column("yanked", String, comment="the reason, perhaps empty; null where it is not yanked"),
    # a file name is immutable in its layer: this constraint decides between racing uploads
    UniqueConstraint("layer", "owner", "key"),
    Index(None, "layer", "owner", "project"),
    Index(None, "sha256"),
)
"""One row for each published file."""

projects = Table(
    "index_projects",
    metadata,
    Column("name", String, primary_key=True, comment="normalised (PEP 503)"),
    Column("status", String, nullable=False, comment="PEP 792"),
    Column("reason", String, comment="of the status"),
    Column("is_claimed", Boolean, nullable=False, comment="by the operator"),
    Column("owned_since", String, nullable=False, comment="UTC, ISO 8601 with a final Z"),
    Column("owned_by", String, nullable=False),
)
"""One row for each name that the service owns, with files or without."""

removed = Table(
    "index_removed",
    metadata,
    Column("layer", String, primary_key=True),
    Column("owner", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("sha256", String(64), nullable=False),
    sqlite_with_rowid=False,
)
"""What the name of a removed file meant: it may come back, but never mean anything else."""
