"""What each user had of the slots, by which the next one goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "turns",
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("charged", sa.Float(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("usual_s", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("user"),
    )
