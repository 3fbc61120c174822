"""What SQLite and PostgreSQL call differently, under one name.

Each function here takes columns and is a column. What PostgreSQL has no function for that
answers null where a text is none of what it should be is made with the schema, by
`POSTGRESQL_FUNCTIONS`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    ClauseElement,
    ColumnElement,
    Connection,
    Float,
    Index,
    Insert,
    Integer,
    String,
    Table,
    event,
    insert,
    literal,
    literal_column,
    text,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import SyntaxExtension
from sqlalchemy.sql.functions import FunctionElement

__all__ = [
    "POSTGRESQL_FUNCTIONS",
    "has_odd_units",
    "index_of_naming",
    "insert_new",
    "is_json",
    "json_kind",
    "least",
    "names_files",
    "names_files_where",
    "occurs_in",
    "seconds_between",
    "seconds_of",
    "unindexed",
]

_DAY_S = 86_400.0

POSTGRESQL_FUNCTIONS = (
    """CREATE OR REPLACE FUNCTION park_seconds(moment text) RETURNS double precision AS $$
BEGIN RETURN extract(epoch FROM moment::timestamptz);
EXCEPTION WHEN data_exception THEN RETURN NULL; END $$ LANGUAGE plpgsql STABLE STRICT""",
    """CREATE OR REPLACE FUNCTION park_json_kind(document text) RETURNS text AS $$
BEGIN RETURN json_typeof(document::json);
EXCEPTION WHEN data_exception THEN RETURN NULL; END $$ LANGUAGE plpgsql IMMUTABLE STRICT""",
)


class _Seconds(FunctionElement[float]):
    type = Float()
    inherit_cache = True
    name = "seconds"


@compiles(_Seconds)
def _seconds(element: _Seconds, compiler: Any, **given: Any) -> str:
    return f"(julianday({compiler.process(element.clauses, **given)}) * {_DAY_S})"


@compiles(_Seconds, "postgresql")
def _seconds_of_postgresql(element: _Seconds, compiler: Any, **given: Any) -> str:
    return f"park_seconds({compiler.process(element.clauses, **given)})"


class _JsonKind(FunctionElement[str]):
    type = String()
    inherit_cache = True
    name = "json_kind"


@compiles(_JsonKind)
def _json_kind(element: _JsonKind, compiler: Any, **given: Any) -> str:
    document = compiler.process(element.clauses, **given)
    return f"CASE WHEN json_valid({document}) THEN json_type({document}) END"


@compiles(_JsonKind, "postgresql")
def _json_kind_of_postgresql(element: _JsonKind, compiler: Any, **given: Any) -> str:
    return f"park_json_kind({compiler.process(element.clauses, **given)})"


class _HasOddUnits(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True
    name = "has_odd_units"


@compiles(_HasOddUnits)
def _odd_units(element: _HasOddUnits, compiler: Any, **given: Any) -> str:
    document = compiler.process(element.clauses, **given)
    units = f"SELECT 1 FROM json_each({document}) AS unit"  # noqa: S608 (a column)
    return f"EXISTS ({units} WHERE unit.type <> 'integer')"


@compiles(_HasOddUnits, "postgresql")
def _odd_units_of_postgresql(element: _HasOddUnits, compiler: Any, **given: Any) -> str:
    document = compiler.process(element.clauses, **given)
    units = f"SELECT 1 FROM json_each(CAST({document} AS json)) AS unit"  # noqa: S608 (a column)
    return f"EXISTS ({units} WHERE CAST(unit.value AS text) !~ '^-?[0-9]+$')"


class _Place(FunctionElement[int]):
    """Where in a text another begins; 0: nowhere."""

    type = Integer()
    inherit_cache = True
    name = "place"


@compiles(_Place)
def _place(element: _Place, compiler: Any, **given: Any) -> str:
    return f"instr({compiler.process(element.clauses, **given)})"


@compiles(_Place, "postgresql")
def _place_of_postgresql(element: _Place, compiler: Any, **given: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **given)})"


class _Least(FunctionElement[Any]):
    inherit_cache = True
    name = "least"


@compiles(_Least)
def _smaller(element: _Least, compiler: Any, **given: Any) -> str:
    return f"min({compiler.process(element.clauses, **given)})"


@compiles(_Least, "postgresql")
def _least_of_postgresql(element: _Least, compiler: Any, **given: Any) -> str:
    return f"least({compiler.process(element.clauses, **given)})"


def seconds_of(moment: ColumnElement[Any]) -> ColumnElement[float]:
    """Return a moment (RFC 3339) in seconds; null where the text is none."""
    return _Seconds(type_coerce(moment, String))


def seconds_between(first: ColumnElement[Any], last: ColumnElement[Any]) -> ColumnElement[float]:
    """Return how long it is from one moment to another."""
    return seconds_of(last) - seconds_of(first)


def json_kind(document: ColumnElement[Any]) -> ColumnElement[str]:
    """Return ``object``, ``array`` or what else the text is as JSON; null where it is none."""
    return _JsonKind(type_coerce(document, String))


def is_json(document: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether the text is JSON."""
    return json_kind(document).is_not(None)


def has_odd_units(document: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether the JSON object has a value that is no integer."""
    return _HasOddUnits(type_coerce(document, String))


def least(first: ColumnElement[Any], second: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the smaller of two values that are there."""
    return _Least(first, second)


def occurs_in(document: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """Tell whether the text of ``document`` has ``part`` in it."""
    return _Place(type_coerce(document, String), literal(part)) > 0


_NAMES_FILES = """{}(document, '"sha256"') > 0"""


def names_files(document: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether a ``document`` may name files by content: as an index is declared, to be used.

    See `names_files_where`; a value in place of the text would not be the same to the planner.
    """
    return _Place(type_coerce(document, String), literal_column("'\"sha256\"'")) > literal_column(
        "0"
    )


def names_files_where() -> dict[str, Any]:
    """Return the condition of an index of the documents that `names_files` finds."""
    return {"sqlite_where": _WHERE_OF_SQLITE, "postgresql_where": _WHERE_OF_POSTGRESQL}


_WHERE_OF_SQLITE = text(_NAMES_FILES.format("instr"))
_WHERE_OF_POSTGRESQL = text(_NAMES_FILES.format("strpos"))


def index_of_naming(name: str) -> Index:
    """Return the index ``name`` of the jobs whose documents `names_files` finds.

    PostgreSQL's condition is said where it is made there: to say it earlier loads that dialect,
    whoever serves with SQLite.
    """
    index = Index(name, "job", sqlite_where=_WHERE_OF_SQLITE)
    event.listen(index, "before_create", _say_of_postgresql)
    return index


def _say_of_postgresql(index: Index, connection: Connection, **_: object) -> None:
    if connection.dialect.name == "postgresql":
        index.dialect_options["postgresql"]["where"] = _WHERE_OF_POSTGRESQL


def unindexed(value: ColumnElement[str]) -> ColumnElement[str]:
    """Return ``value`` as it is, for a query that finds its rows by something else: their ids.

    SQLite knows nothing of how many rows share a value, and takes an index of states or users
    for as good as some ids: it would go through all that waits, or is a user's, to find these few.
    """
    return value + literal("")


class _OrNothing(SyntaxExtension, ClauseElement):
    """What both say at the end of an insert; the forms of SQLAlchemy load a dialect each."""

    _traverse_internals = []  # noqa: RUF012 (an instance variable, they say; nothing in it differs)

    def apply_to_insert(self, insert_stmt: Insert) -> None:
        """Stand behind the values."""
        insert_stmt.apply_syntax_extension_point(lambda there: [*there, self], "post_values")


@compiles(_OrNothing)
def _or_nothing(element: _OrNothing, compiler: Any, **given: Any) -> str:
    del element, compiler, given
    return "ON CONFLICT DO NOTHING"


def insert_new(table: Table) -> Insert:
    """Return an insert that leaves out rows whose key is there already."""
    return insert(table).ext(_OrNothing())
