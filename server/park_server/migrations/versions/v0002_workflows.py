"""Workflows: conditions, needs, retries, fetches, and grants given and held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables."""
    op.create_table(
        "fetched",
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column(
            "credential", sa.String(), nullable=False, comment="SHA-256 of it; empty for none"
        ),
        sa.Column("place", sa.String(), nullable=False, comment="where it was, without the query"),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("checked", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("user", "url", name=op.f("pk_fetched")),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("jobs", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("expires", sa.String(), nullable=False),
        sa.Column("revoked", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_grants_token_sha256")),
    )
    op.create_index("grants_by_user", "grants", ["user", "created"], unique=False)
    op.create_table(
        "fetches",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column(
            "authorization",
            sa.String(),
            nullable=True,
            comment="forgotten when the fetch has ended",
        ),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_fetches_job")),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_fetches")),
    )
    op.create_table(
        "held_grants",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_held_grants_job")),
        sa.PrimaryKeyConstraint("job", "service", name=op.f("pk_held_grants")),
    )
    op.create_index("held_grants_by_token", "held_grants", ["token"], unique=False)
    op.create_table(
        "needs",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("needed", sa.String(), nullable=False, comment="a job or an install"),
        sa.Column("service", sa.String(), nullable=False, comment="its URL; empty: this one"),
        sa.Column(
            "how", sa.String(), nullable=False, comment="a phase, or value, file, url, progress"
        ),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_needs_job")),
        sa.PrimaryKeyConstraint("job", "needed", "service", "how", name=op.f("pk_needs")),
        sqlite_with_rowid=False,
    )
    op.create_index("needs_by_needed", "needs", ["needed", "service"], unique=False)
    op.create_table(
        "remote_leaves",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("leaf", sa.JSON(), nullable=False),
        sa.Column("truth", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_remote_leaves_job")),
        sa.PrimaryKeyConstraint("job", "position", name=op.f("pk_remote_leaves")),
    )
    op.create_table(
        "staged",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False, comment="as JSON with sorted keys"),
        sa.Column(
            "document", sa.JSON(), nullable=False, comment="what takes its place in the call"
        ),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_staged_job")),
        sa.PrimaryKeyConstraint("job", "reference", name=op.f("pk_staged")),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "kind", sa.String(), server_default="call", nullable=False, comment="call or fetch"
        ),
    )
    op.add_column("jobs", sa.Column("condition", sa.JSON(none_as_null=True), nullable=True))
    op.add_column(
        "jobs",
        sa.Column(
            "pending",
            sa.Integer(),
            nullable=True,
            comment="what is still missing of a plain conjunction; null for other conditions",
        ),
    )
    op.add_column("jobs", sa.Column("retries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("backoff_s", sa.Float(), server_default="1", nullable=False))
    op.add_column("jobs", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("not_before", sa.String(), nullable=True))
    op.add_column(
        "jobs",
        sa.Column(
            "pools",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="units taken, by pool; null: none",
        ),
    )
