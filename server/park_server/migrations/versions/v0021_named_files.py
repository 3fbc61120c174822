"""Who names a file by content is found by indexes: to remove one job read what all others name."""

from __future__ import annotations

from alembic import op

from park_server.db.portable_sql import names_files_where

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them: of the files that jobs left, and of the documents that name any."""
    op.create_index("job_files_by_sha256", "job_files", ["sha256"])
    for table in ("staged", "calls", "results"):
        op.create_index(f"{table}_naming_files", table, ["job"], **names_files_where())
