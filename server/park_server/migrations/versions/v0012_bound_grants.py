"""Grants that are bound to the key of the service that uses them, and renewed by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was granted before is bound to nobody until it ends."""
    for table in ("grants", "held_grants"):
        op.add_column(table, sa.Column("holder", sa.String(), nullable=True))
    op.add_column("grants", sa.Column("lent_to", sa.Text(), nullable=True))
    op.add_column("grants", sa.Column("renewable_until", sa.String(), nullable=True))
