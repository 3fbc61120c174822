"""Users, their groups and tokens, what they share, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from park_server.db.portable_schema import audit_triggers

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _users()
    _tokens()
    _audit()
    _shares()


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("password", sa.String()),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("disabled", sa.String()),
    )
    op.create_table(
        "group_members",
        sa.Column("group", sa.String(), primary_key=True),
        sa.Column("user", sa.String(), primary_key=True),
        sa.Column("created", sa.String(), nullable=False),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("token_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("previous_sha256", sa.String()),
        sa.Column("previous_until", sa.String()),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("scopes", sa.Text()),
        sa.Column("parent", sa.String()),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("expires", sa.String(), nullable=False),
        sa.Column("renewable_until", sa.String()),
        sa.Column("last_used", sa.String()),
        sa.Column("revoked", sa.String()),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("tokens_by_user", "tokens", ["user", "created"])
    op.create_index("tokens_by_parent", "tokens", ["parent"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("time", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("token", sa.String()),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_by_user", "audit", ["user", "seq"])
    # a defect of the service, or whoever gets to run SQL in it, does not rewrite what was
    for statement in audit_triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _shares() -> None:
    op.create_table(
        "shares",
        sa.Column("owner", sa.String(), primary_key=True),
        sa.Column("project", sa.String(), primary_key=True),
        sa.Column("whom", sa.String(), primary_key=True),
        sa.Column("created", sa.String(), nullable=False),
    )
    op.create_index("shares_by_whom", "shares", ["whom"])
    op.create_table(
        "content_holders",
        sa.Column("user", sa.String(), primary_key=True),
        sa.Column("sha256", sa.String(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantined",
        sa.Column("sha256", sa.String(), primary_key=True),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
    )
