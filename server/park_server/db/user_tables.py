"""The tables of users: who they are, what they hold and share, and what was done by whom."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, event

from park_repo.tables import metadata
from park_server.db.json_text import JsonText
from park_server.db.portable_schema import audit_triggers

__all__ = [
    "accounts",
    "approvals",
    "audit",
    "content_holders",
    "group_members",
    "quarantined",
    "shares",
    "tokens",
    "users",
]

# Who may use the service besides its operator.
users = Table(
    "users",
    metadata,
    Column("name", String, primary_key=True),
    Column("password", String, comment="Argon2's encoding; null: nobody logs in by password"),
    Column("roles", JsonText(), nullable=False, comment="those of the policy come besides"),
    Column("created", String, nullable=False),
    Column("disabled", String, comment="since when nothing is done in this name"),
)

# As which user of the machine somebody's jobs run, where the service is root; never given anew.
accounts = Table(
    "accounts",
    metadata,
    Column("user", String, primary_key=True),
    Column("uid", BigInteger, nullable=False, unique=True),
    Column("created", String, nullable=False),
)

# What operators approved: where the policy says so, users have nothing else.
approvals = Table(
    "approvals",
    metadata,
    Column("what", String, primary_key=True, comment="numpy, numpy==2.4.1, lock:…, set:…"),
    Column("user", String, nullable=False, comment="who approved it"),
    Column("note", Text, nullable=False),
    Column("created", String, nullable=False),
)

group_members = Table(
    "group_members",
    metadata,
    Column("group", String, primary_key=True),
    Column("user", String, primary_key=True),
    Column("created", String, nullable=False),
)

# Tokens of users, but for the operator's own in the home. The token itself is not kept.
tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("token_sha256", String, nullable=False, unique=True),
    Column("previous_sha256", String, comment="what it was before it was refreshed"),
    Column("previous_until", String, comment="until when that still opens what this does"),
    Column("user", String, nullable=False),
    Column("kind", String, nullable=False, comment="its class: user or job"),
    Column("audience", String, nullable=False),
    Column("scopes", JsonText(none_as_null=True), comment="null: all that its user may"),
    Column("parent", String),
    Column("created", String, nullable=False),
    Column("expires", String, nullable=False),
    Column("renewable_until", String),
    Column("last_used", String, comment="to the minute"),
    Column("revoked", String),
    Column("note", Text, nullable=False),
    Index("tokens_by_user", "user", "created"),
    Index("tokens_by_parent", "parent"),
)

# What was done by whom; triggers refuse to change a row, and to remove one but for what users do
# for themselves, when it is old.
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("time", String, nullable=False),
    Column("user", String, nullable=False, comment="who; of a login that failed: who it named"),
    Column("token", String, comment="the id of the token; null: the operator's own, or none"),
    Column("address", String, nullable=False, comment="from where; empty: the service itself"),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False, comment="what it was done to"),
    Column("data", JsonText(), nullable=False),
    Index("audit_by_user", "user", "seq"),
    Index("audit_by_time", "time"),
    sqlite_autoincrement=True,
)


def _keep_audit(_table: Table, connection: Connection, **_: object) -> None:
    for statement in audit_triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)


event.listen(audit, "after_create", _keep_audit)

# With whom a user shares the working trees of a project, and what runs in their environments.
shares = Table(
    "shares",
    metadata,
    Column("owner", String, primary_key=True),
    Column("project", String, primary_key=True),
    Column("whom", String, primary_key=True, comment="user:NAME or group:NAME"),
    Column("created", String, nullable=False),
    Index("shares_by_whom", "whom"),
)

# Who has sent which file by content, whole: who has not, has no use of its digest.
content_holders = Table(
    "content_holders",
    metadata,
    Column("user", String, primary_key=True),
    Column("sha256", String, primary_key=True),
    sqlite_with_rowid=False,
)

# Files of the index that nothing is made of any more, whoever has them.
quarantined = Table(
    "quarantined",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("created", String, nullable=False),
)
