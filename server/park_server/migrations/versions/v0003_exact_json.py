"""JSON as text: SQLite made numbers of documents that were a number, with other digits."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, tuple[str, ...]] = {
    "installs": ("request", "added", "error"),
    "jobs": ("condition", "pools"),
    "remote_leaves": ("leaf",),
    "staged": ("document",),
    "grants": ("jobs", "files"),
    "fetches": ("document",),
    "calls": ("document",),
    "results": ("document",),
    "events": ("data",),
}


def upgrade() -> None:
    """Make the columns text; what was a number to SQLite keeps the digits that it has."""
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgresql()
        return
    for table, columns in _COLUMNS.items():
        reals = {column: _reals(table, column) for column in columns}
        options = {"sqlite_autoincrement": True} if table == "events" else {}
        with op.batch_alter_table(table, recreate="always", table_kwargs=options) as batch:
            for column in columns:
                batch.alter_column(column, existing_type=sa.JSON(), type_=sa.Text())
        for column, rows in reals.items():
            _write(table, column, rows)


def _upgrade_postgresql() -> None:
    """Make the columns text, whose JSON is text already."""
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(
                f'ALTER TABLE "{table}" ALTER "{column}" TYPE text COLLATE "C"'
                f' USING "{column}"::text'
            )


def _reals(table: str, column: str) -> list[dict[str, Any]]:
    """Return the rows whose document SQLite keeps as a float: as text it would cut the digits.

    By their keys, named ``of_…``; the ``text`` is what Python makes of the float.
    """
    keys = _keys(table)
    document = sa.literal_column(f'"{column}"', sa.Float)
    columns: list[sa.ColumnElement[Any]] = [
        *(sa.literal_column(f'"{key}"').label(f"of_{key}") for key in keys),
        document,
    ]
    query = sa.select(*columns)
    query = query.select_from(sa.table(table)).where(sa.func.typeof(document) == "real")
    return [
        {**dict(zip([f"of_{key}" for key in keys], row[:-1], strict=True)), "text": row[-1]}
        for row in op.get_bind().execute(query)
    ]


def _write(table: str, column: str, rows: list[dict[str, Any]]) -> None:
    where = " AND ".join(f'"{key}" = :of_{key}' for key in _keys(table))
    statement = sa.text(f'UPDATE "{table}" SET "{column}" = :text WHERE {where}')  # noqa: S608 (names from above)
    for row in rows:
        op.get_bind().execute(statement, {**row, "text": json.dumps(row["text"])})


def _keys(table: str) -> list[str]:
    return list(sa.inspect(op.get_bind()).get_pk_constraint(table)["constrained_columns"])
