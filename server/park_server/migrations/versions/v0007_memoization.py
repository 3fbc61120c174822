"""Memoization: what the calls of jobs come to, and where a job has its result from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from park_server.db.file_names import FileName

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns, and the table of calls."""
    op.add_column("jobs", sa.Column("memo", sa.Boolean(), nullable=False, server_default="1"))
    comment = "the job that left what this one has"
    op.add_column("jobs", sa.Column("memoized_from", sa.String(), nullable=True, comment=comment))
    op.create_table(
        "memo_calls",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("refs", sa.Text()),
        sa.Column("files", sa.Text()),
        sa.Column("output", FileName()),
        sa.Column("contents", sa.Text()),
        sa.Column("key", sa.String()),
        sa.Column("source", sa.String()),
        sa.Column("value", sa.String()),
        sa.Column("usage", sa.String()),
        sa.Column("unfit", sa.Text()),
        sa.Column("why", sa.Text()),
        sa.Column("carried", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("checks", sa.String()),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_memo_calls_job")),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_memo_calls")),
    )
    op.create_table(
        "memo_usages",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_memo_usages")),
    )
    op.create_index("memo_calls_by_key", "memo_calls", ["key"])
    op.create_index("memo_calls_by_source", "memo_calls", ["source"])
