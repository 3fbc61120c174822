"""The tables of a service, beside those of its index. Times are RFC 3339 text in UTC."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from park_repo.tables import metadata

__all__ = [
    "calls",
    "environment_pins",
    "environments",
    "events",
    "installs",
    "job_files",
    "jobs",
    "locks",
    "metadata",
    "offers",
    "results",
]

installs = Table(
    "installs",
    metadata,
    Column("id", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("project", String, nullable=False),
    Column("version", String, nullable=False),
    Column("python", String, nullable=False),
    Column("set_hash", String, nullable=False),
    Column("request", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("lock_hash", String),
    Column("added", JSON, nullable=False),
    Column("realised", Boolean, nullable=False),
    Column("error", JSON),
    Column("created", String, nullable=False),
    Column("updated", String, nullable=False),
    Index("installs_by_set", "set_hash"),
    Index("installs_by_lock", "lock_hash"),
    Index("installs_by_state", "state"),
)

locks = Table(
    "locks",
    metadata,
    Column("lock_hash", String, primary_key=True),
    Column("python", String, nullable=False),
    Column("document", Text, nullable=False),
    Column("created", String, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    Column("lock_hash", String, ForeignKey("locks.lock_hash"), primary_key=True),
    Column("state", String, nullable=False),
    Column("packages", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("own_bytes", Integer, nullable=False),
    Column("created", String, nullable=False),
    Column("realised", String, nullable=False),
    Column("last_used", String),
)

environment_pins = Table(
    "environment_pins",
    metadata,
    Column("lock_hash", String, ForeignKey("locks.lock_hash"), primary_key=True),
    Column("user", String, primary_key=True),
    Column("created", String, nullable=False),
)

offers = Table(
    "offers",
    metadata,
    Column("project", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("python", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("install", String, ForeignKey("installs.id"), nullable=False),
    Column("is_pinned", Boolean, nullable=False),
    Column("created", String, nullable=False),
    Index("offers_by_install", "install"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("status", String, nullable=False),
    Column("entry_point", String, nullable=False),
    Column("lock_hash", String),
    Column("set_hash", String),
    Column("install", String, ForeignKey("installs.id")),
    Column("environment", String),
    Column("runtime_hash", String),
    Column("attempt", Integer, nullable=False),
    Column("fresh", Boolean, nullable=False),
    Column("restartable", Boolean, nullable=False),
    Column("timeout_s", Float),
    Column("memory_bytes", Integer),
    Column("cancel_requested", Boolean, nullable=False),
    Column("submitted", String, nullable=False),
    Column("started", String),
    Column("finished", String),
    Column("error", Text),
    Column("traceback", Text),
    Index("jobs_by_status", "status"),
    Index("jobs_by_user", "user", "submitted"),
    Index("jobs_by_install", "install"),
)

# Calls and results may be megabytes: apart, so that a listing never reads them.
calls = Table(
    "calls",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("document", JSON, nullable=False),
)

results = Table(
    "results",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("document", JSON, nullable=False),
)

job_files = Table(
    "job_files",
    metadata,
    Column("job", String, ForeignKey("jobs.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("size", Integer, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("time", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("user", String, nullable=False),
    Column("data", JSON, nullable=False),
    sqlite_autoincrement=True,
)
