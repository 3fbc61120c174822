"""Entries of the audit log of what users do for themselves may go when they are old."""

from __future__ import annotations

from alembic import op

from park_server.db.portable_schema import audit_triggers

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the trigger know them, and find what is old."""
    dialect = op.get_bind().dialect.name
    on = " ON audit" if dialect == "postgresql" else ""
    for change in ("update", "delete"):
        op.execute(f"DROP TRIGGER IF EXISTS audit_is_kept_from_{change}{on}")
    for statement in audit_triggers(dialect):
        op.execute(statement)
    op.create_index("audit_by_time", "audit", ["time"])
