"""What belongs to the schema besides its tables, for each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["LEAST_KEPT_DAYS", "USER_ACTIONS", "audit_triggers"]

_SAID = "the audit log only grows"

USER_ACTIONS = (
    *("login", "login.browser", "login.failed", "share.add", "share.remove"),
    *("token.make", "token.refresh", "token.revoke"),
)
"""What users do for themselves, as often as they like: kept for a time, the rest for ever."""

LEAST_KEPT_DAYS = 90
"""Nothing removes an entry before: whoever finds a theft late still finds by whose token it was."""


def audit_triggers(dialect: str) -> Iterator[str]:
    """Yield the statements after which no row of the audit log is changed, or removed too soon."""
    if dialect == "postgresql":
        yield (
            "CREATE OR REPLACE FUNCTION park_audit_is_kept() RETURNS trigger AS"
            f" $$ BEGIN RAISE EXCEPTION '{_SAID}'; END $$ LANGUAGE plpgsql"
        )
    for change in ("UPDATE", "DELETE"):
        trigger = f"CREATE TRIGGER audit_is_kept_from_{change.lower()} BEFORE {change} ON audit"
        when = f" WHEN (NOT ({_old_enough(dialect)}))" if change == "DELETE" else ""
        if dialect == "postgresql":
            yield f"{trigger} FOR EACH ROW{when} EXECUTE FUNCTION park_audit_is_kept()"
        else:
            yield f"{trigger}{when} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"


def _old_enough(dialect: str) -> str:
    """Return the condition under which a row of the audit log may go."""
    if dialect == "postgresql":
        at = f"now() AT TIME ZONE 'UTC' - interval '{LEAST_KEPT_DAYS} days'"
        before = f"""to_char({at}, 'YYYY-MM-DD"T"HH24:MI:SS')"""
    else:
        before = f"strftime('%Y-%m-%dT%H:%M:%S', 'now', '-{LEAST_KEPT_DAYS} days')"
    actions = ", ".join(f"'{action}'" for action in USER_ACTIONS)
    return f"OLD.action IN ({actions}) AND OLD.time < {before}"
