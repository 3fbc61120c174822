"""The first schema: index, installs, locks, environments, jobs, events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("time", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "index_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("layer", sa.String(), nullable=False, comment="projects or trees"),
        sa.Column(
            "owner", sa.String(), nullable=False, comment="the user of a tree; empty for projects"
        ),
        sa.Column("project", sa.String(), nullable=False, comment="normalised (PEP 503)"),
        sa.Column("version", sa.String(), nullable=False, comment="normalised (PEP 440)"),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column(
            "key", sa.String(), nullable=False, comment="one for all spellings of the file name"
        ),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="hex, of the file"),
        sa.Column(
            "metadata_sha256",
            sa.String(length=64),
            nullable=True,
            comment="hex, of its METADATA; null for an sdist",
        ),
        sa.Column("requires_python", sa.String(), nullable=True, comment="as METADATA says it"),
        sa.Column(
            "uploaded_at", sa.String(), nullable=False, comment="UTC, ISO 8601 with a final Z"
        ),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column(
            "yanked",
            sa.String(),
            nullable=True,
            comment="the reason, perhaps empty; null where it is not yanked",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_files")),
        sa.UniqueConstraint("layer", "owner", "key", name=op.f("uq_index_files_layer_owner_key")),
    )
    op.create_index(
        op.f("ix_index_files_layer_owner_project"),
        "index_files",
        ["layer", "owner", "project"],
        unique=False,
    )
    op.create_index(op.f("ix_index_files_sha256"), "index_files", ["sha256"], unique=False)
    op.create_table(
        "index_projects",
        sa.Column("name", sa.String(), nullable=False, comment="normalised (PEP 503)"),
        sa.Column("status", sa.String(), nullable=False, comment="PEP 792"),
        sa.Column("reason", sa.String(), nullable=True, comment="of the status"),
        sa.Column("is_claimed", sa.Boolean(), nullable=False, comment="by the operator"),
        sa.Column(
            "owned_since", sa.String(), nullable=False, comment="UTC, ISO 8601 with a final Z"
        ),
        sa.Column("owned_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_index_projects")),
    )
    op.create_table(
        "index_removed",
        sa.Column("layer", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("layer", "owner", "key", name=op.f("pk_index_removed")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "installs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("python", sa.String(), nullable=False),
        sa.Column("set_hash", sa.String(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("lock_hash", sa.String(), nullable=True),
        sa.Column("added", sa.JSON(), nullable=False),
        sa.Column("realised", sa.Boolean(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("updated", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installs")),
    )
    op.create_index("installs_by_lock", "installs", ["lock_hash"], unique=False)
    op.create_index("installs_by_set", "installs", ["set_hash"], unique=False)
    op.create_index("installs_by_state", "installs", ["state"], unique=False)
    op.create_table(
        "locks",
        sa.Column("lock_hash", sa.String(), nullable=False),
        sa.Column("python", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("lock_hash", name=op.f("pk_locks")),
    )
    op.create_table(
        "environments",
        sa.Column("lock_hash", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("packages", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("own_bytes", sa.Integer(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("realised", sa.String(), nullable=False),
        sa.Column("last_used", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lock_hash"], ["locks.lock_hash"], name=op.f("fk_environments_lock_hash")
        ),
        sa.PrimaryKeyConstraint("lock_hash", name=op.f("pk_environments")),
    )
    op.create_table(
        "environment_pins",
        sa.Column("lock_hash", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lock_hash"], ["locks.lock_hash"], name=op.f("fk_environment_pins_lock_hash")
        ),
        sa.PrimaryKeyConstraint("lock_hash", "user", name=op.f("pk_environment_pins")),
    )
    op.create_table(
        "offers",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("python", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("install", sa.String(), nullable=False),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["install"], ["installs.id"], name=op.f("fk_offers_install")),
        sa.PrimaryKeyConstraint("project", "version", "python", name=op.f("pk_offers")),
    )
    op.create_index("offers_by_install", "offers", ["install"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("entry_point", sa.String(), nullable=False),
        sa.Column("lock_hash", sa.String(), nullable=True),
        sa.Column("set_hash", sa.String(), nullable=True),
        sa.Column("install", sa.String(), nullable=True),
        sa.Column("environment", sa.String(), nullable=True),
        sa.Column("runtime_hash", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("restartable", sa.Boolean(), nullable=False),
        sa.Column("timeout_s", sa.Float(), nullable=True),
        sa.Column("memory_bytes", sa.Integer(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("submitted", sa.String(), nullable=False),
        sa.Column("started", sa.String(), nullable=True),
        sa.Column("finished", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("traceback", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["install"], ["installs.id"], name=op.f("fk_jobs_install")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("jobs_by_install", "jobs", ["install"], unique=False)
    op.create_index("jobs_by_status", "jobs", ["status"], unique=False)
    op.create_index("jobs_by_user", "jobs", ["user", "submitted"], unique=False)
    op.create_table(
        "calls",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_calls_job")),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_calls")),
    )
    op.create_table(
        "job_files",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_job_files_job")),
        sa.PrimaryKeyConstraint("job", "name", name=op.f("pk_job_files")),
    )
    op.create_table(
        "results",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_results_job")),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_results")),
    )
