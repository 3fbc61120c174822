"""Large submissions on their way in, in pieces: accepted with the last one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "arriving",
        sa.Column("submission", sa.String(), primary_key=True),
        sa.Column("behind", sa.Integer(), primary_key=True),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("accepted", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
    )
