"""What is still to follow from a change: a cascade of thousands is settled in pieces."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "unsettled",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
    )
    op.create_index("unsettled_by_subject", "unsettled", ["subject"])
