"""Labels of jobs, and where jobs were submitted from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of earlier jobs nothing is known."""
    label = sa.Column("label", sa.Text(), comment="null: of a job from before there were any")
    with op.batch_alter_table("jobs") as batch:
        batch.add_column(label)
        batch.add_column(sa.Column("submitted_from", sa.Text()))
