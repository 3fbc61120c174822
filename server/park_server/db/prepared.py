"""Statements that are made once and go to the driver as they are.

To recognise a statement, to bind it and to wrap its answer takes SQLAlchemy four times as long
as SQLite takes to run one that finds a row by its key. A job has a dozen of those. Here
SQLAlchemy writes the text and knows the types, once; rows are plain tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import BindParameter, Connection, Delete, Dialect, Insert, Select, Update, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from park_repo.sql.told import cursor_of
from park_server.db.blocks import in_blocks

__all__ = ["Prepared", "PreparedOfMany"]

_FLOAT8 = 701
"""What PostgreSQL calls a float of 64 bits; SQLite has no such codes."""

_Convert = Callable[[Any], Any] | None
"""What a value becomes on its way; None: it stays as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """The text for one dialect, its parameters in order, those that it has itself, its columns.

    ``values_of`` picks the parameters out of values by name. ``converted`` says at which places
    they become something else on their way, and what none there becomes.
    """

    text: str
    values_of: Callable[[Mapping[str, Any]], Sequence[Any]]
    converted: Sequence[tuple[int, Callable[[Any], Any], Any]]
    own: Mapping[str, Any]
    columns: Sequence[_Convert] | None

    def bound(self, values: Mapping[str, Any]) -> Sequence[Any]:
        picked = self.values_of({**self.own, **values} if self.own else values)
        if not self.converted:
            return picked
        found = list(picked)
        for place, convert, none in self.converted:
            value = found[place]
            found[place] = none if value is None else convert(value)
        return found

    def row(self, found: Sequence[Any] | None) -> Sequence[Any] | None:
        return found if found is None or self.columns is None else self.whole(found)

    def whole(self, found: Sequence[Any]) -> Sequence[Any]:
        return [
            value if convert is None else convert(value)
            for value, convert in zip(found, self.columns or (), strict=True)
        ]


class Prepared:
    """``statement``, without lists among its parameters; an insert names its ``columns``.

    Of lists see `PreparedOfMany`.

    Errors of the driver are `DBAPIError`, as SQLAlchemy raises them.
    """

    def __init__(
        self, statement: Select[Any] | Insert | Update | Delete, columns: Iterable[str] = ()
    ) -> None:
        self._statement = statement
        self._columns = list(columns) or None
        self._made: dict[str, _Made] = {}

    def first(self, connection: Connection, **values: Any) -> Sequence[Any] | None:
        """Run it, and return its first row."""
        made = self._for(connection.dialect)
        return made.row(self._run(connection, made, values).fetchone())

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Sequence[Any]]:
        """Run it with ``values`` by the names of its parameters, and return its rows."""
        made = self._for(connection.dialect)
        rows = self._run(connection, made, values).fetchall()
        return rows if made.columns is None else [made.whole(row) for row in rows]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Run it with ``values`` by the names of their columns."""
        self._run(connection, self._for(connection.dialect), values)

    def run_all(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it for each of ``rows``."""
        made = self._for(connection.dialect)
        cursor = cursor_of(connection)
        try:
            cursor.executemany(made.text, [made.bound(values) for values in rows])
        except cursor.connection.Error as error:
            raise DBAPIError(made.text, None, error) from error

    def _run(self, connection: Connection, made: _Made, values: Mapping[str, Any]) -> Any:
        cursor = cursor_of(connection)
        try:
            return cursor.execute(made.text, made.bound(values))
        except cursor.connection.Error as error:
            raise DBAPIError(made.text, None, error) from error

    def _for(self, dialect: Dialect) -> _Made:
        if (made := self._made.get(dialect.name)) is None:
            made = self._made[dialect.name] = self._compiled(dialect)
        return made

    def _compiled(self, dialect: Dialect) -> _Made:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        parameters = list(compiled.positiontup or ())
        converts = [_to_driver(compiled.binds[name].type, dialect) for name in parameters]
        own = {
            name: value
            for name, value in compiled.params.items()
            if not compiled.binds[name].required
        }
        returned = getattr(self._statement, "exported_columns", ())
        columns = [_from_driver(column.type, dialect) for column in returned]
        return _Made(
            text=str(compiled),
            values_of=_picked(parameters),
            converted=[
                (at, each, each(None)) for at, each in enumerate(converts) if each is not None
            ],
            own=own,
            columns=columns if any(columns) else None,
        )


class PreparedOfMany:
    """A statement about many values: `Prepared` for lists of 1, 2, 4, … of them, each made once.

    ``query`` makes it for a list of parameters; what is asked twice is found once, so the last
    value fills a list up.
    """

    def __init__(
        self, query: Callable[[Sequence[BindParameter[Any]]], Select[Any] | Update]
    ) -> None:
        self._query = query
        self._made: dict[int, Prepared] = {}

    def all(
        self,
        connection: Connection,
        values: Iterable[Any],
        others: Mapping[str, Any] = MappingProxyType({}),
    ) -> list[Sequence[Any]]:
        """Return the rows for all ``values``, however many; ``others`` are for all, by name."""
        return [
            row for block in in_blocks(values) for row in self._of_block(connection, block, others)
        ]

    def _of_block(
        self, connection: Connection, block: Sequence[Any], others: Mapping[str, Any]
    ) -> list[Sequence[Any]]:
        size = 1 << (len(block) - 1).bit_length()
        if (prepared := self._made.get(size)) is None:
            prepared = Prepared(self._query([bindparam(name) for name in _names(size)]))
            self._made[size] = prepared
        filled = [*block, *[block[-1]] * (size - len(block))]
        return prepared.all(connection, {**others, **dict(zip(_names(size), filled, strict=True))})


@cache
def _names(size: int) -> Sequence[str]:
    return [f"value_{number}" for number in range(size)]


def _picked(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """Return what returns the values of ``names``, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]  # of one it returns no sequence


def _to_driver(kind: TypeEngine[Any], dialect: Dialect) -> _Convert:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _from_driver(kind: TypeEngine[Any], dialect: Dialect) -> _Convert:
    # the code of a type is asked for by psycopg's numbers alone, of which we have no others
    return kind.dialect_impl(dialect).result_processor(dialect, _FLOAT8)
