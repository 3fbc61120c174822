"""PostgreSQL: names of files as bytes, and the functions that SQLite has by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from park_server.db.portable_sql import POSTGRESQL_FUNCTIONS

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing on SQLite."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.alter_column(
        "job_files",
        "name",
        existing_type=sa.String(),
        type_=sa.LargeBinary(),
        postgresql_using="convert_to(name, 'UTF8')",
    )
    for function in POSTGRESQL_FUNCTIONS:
        op.execute(function)
