"""What belongs to the schema besides its tables, for each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["audit_triggers"]

_SAID = "the audit log only grows"


def audit_triggers(dialect: str) -> Iterator[str]:
    """Yield the statements after which no row of the audit log is changed or removed."""
    if dialect == "postgresql":
        yield (
            "CREATE OR REPLACE FUNCTION park_audit_is_kept() RETURNS trigger AS"
            f" $$ BEGIN RAISE EXCEPTION '{_SAID}'; END $$ LANGUAGE plpgsql"
        )
    for change in ("UPDATE", "DELETE"):
        trigger = f"CREATE TRIGGER audit_is_kept_from_{change.lower()} BEFORE {change} ON audit"
        if dialect == "postgresql":
            yield f"{trigger} FOR EACH ROW EXECUTE FUNCTION park_audit_is_kept()"
        else:
            yield f"{trigger} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
