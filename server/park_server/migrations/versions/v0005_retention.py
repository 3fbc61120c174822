"""Retention: jobs that users pin or still read, and logs that go before their jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns."""
    for name, comment in (
        ("pinned", "since when its user keeps it, whatever the policy"),
        ("logs_removed", "when its logs went, before the job itself"),
        ("last_used", "when what it left was read, to the day"),
    ):
        op.add_column("jobs", sa.Column(name, sa.String(), nullable=True, comment=comment))
