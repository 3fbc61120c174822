"""Races, and jobs that are asked to stop and to keep their best."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    comment = "when it is killed, which was asked to stop and keep its best"
    op.add_column("jobs", sa.Column("stop_by", sa.String(), nullable=True, comment=comment))
