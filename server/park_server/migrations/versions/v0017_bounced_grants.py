"""Grants that are bounced: each use is asked of the agent of whoever made them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was granted before is shipped."""
    op.add_column("grants", sa.Column("bounced", sa.Boolean(), nullable=True))
    op.add_column("held_grants", sa.Column("bounced", sa.String(), nullable=True))
