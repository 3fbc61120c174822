"""The account of each user: as whom his jobs run, where the service is root."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "accounts",
        sa.Column("user", sa.String(), primary_key=True),
        sa.Column("uid", sa.BigInteger(), nullable=False, unique=True),
        sa.Column("created", sa.String(), nullable=False),
    )
