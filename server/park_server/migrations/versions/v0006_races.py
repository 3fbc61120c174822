"""Races, and jobs that are asked to stop and to keep their best."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables."""
    comment = "when it is killed, which was asked to stop and keep its best"
    op.add_column("jobs", sa.Column("stop_by", sa.String(), nullable=True, comment=comment))
    stops = sa.Column("stops", sa.Text(), nullable=True, comment="jobs that it may end; null: none")
    op.add_column("grants", stops)
    _add_races()


def _add_races() -> None:
    op.create_table(
        "races",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="its terms"),
        sa.Column("decided", sa.String(), comment="since when it is decided; null: it is not"),
        sa.Column("winners", sa.Text(), comment="their positions, the best first"),
        sa.Column("by", sa.String(), comment="why these: good enough, or rank"),
        sa.Column("told", sa.Text(), comment="what is told of the winners"),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_races_job")),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_races")),
    )
    op.create_table(
        "race_orders",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("competitor", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False, comment="its URL"),
        sa.Column("how", sa.String(), nullable=False, comment="cancel, or keep its best"),
        sa.Column("grace_s", sa.Float(), nullable=False),
        sa.Column("confirmed", sa.String(), comment="when that service answered; null: it has not"),
        sa.Column("answer", sa.Text()),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"], name=op.f("fk_race_orders_job")),
        sa.PrimaryKeyConstraint("job", "competitor", "service", name=op.f("pk_race_orders")),
    )
