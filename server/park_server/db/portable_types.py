"""How columns are declared on PostgreSQL, so that they hold and sort what they do on SQLite.

Whatever a table or a migration declares goes through here, by whomever it is written:

- integers have 64 bits, as SQLite's have;
- text is compared and sorted by its bytes (``COLLATE "C"``), whatever the language of the
  database: ids and moments are, everywhere.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

__all__ = ["widen"]

_POSTGRESQL = "postgresql"
_WIDE = BigInteger().with_variant(Integer(), "sqlite")


@compiles(Integer, _POSTGRESQL)
def _integer(_type: Integer, _compiler: Any, **given: Any) -> str:
    return "BIGINT" if _is_declared(given) else "INTEGER"


@compiles(CreateColumn, _POSTGRESQL)
def _column(element: CreateColumn, compiler: Any, **given: Any) -> str:
    declared: str = compiler.visit_create_column(element, **given)
    return declared.replace(" SERIAL", " BIGSERIAL", 1)  # of primary keys that count up


@compiles(String, _POSTGRESQL)
def _string(type_: String, compiler: Any, **given: Any) -> str:
    return _collated(compiler.visit_VARCHAR(type_, **given), given)


@compiles(Text, _POSTGRESQL)
def _text(type_: Text, compiler: Any, **given: Any) -> str:
    return _collated(compiler.visit_TEXT(type_, **given), given)


def _collated(declared: str, given: dict[str, Any]) -> str:
    """Return ``declared`` with its order, for a column: not for a value that is cast."""
    return f'{declared} COLLATE "C"' if _is_declared(given) else declared


def _is_declared(given: dict[str, Any]) -> bool:
    """Tell whether the type is that of a column which is made, and not that of a value."""
    return given.get("type_expression") is not None


def widen(metadata: MetaData) -> None:
    """Give what goes to integer columns 64 bits as well; SQLite counts rows in no other type."""
    for table in metadata.tables.values():
        for column in table.columns:
            if type(column.type) is Integer:
                column.type = _WIDE
