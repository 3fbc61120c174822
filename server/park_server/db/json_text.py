"""JSON in columns: text that comes back as it went in, digit for digit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from park.model.asked.resources import Resources, resources_from_json
from park_server.json_pieces import loads, text_of

__all__ = ["JsonText", "ResourcesText"]


class JsonText(TypeDecorator[Any]):
    """A JSON document as text, in ASCII; ``none_as_null``: None is no document, but NULL.

    SQLAlchemy's own type declares its columns ``JSON``, which to SQLite means numbers: a
    document that is one number is stored as that (2.0 as 2, 2**63 + 1 as 9.2e18). See
    <https://www.sqlite.org/datatype3.html#determination_of_column_affinity>.

    Escaped to ASCII it holds any text, also half a surrogate pair, which UTF-8 has not.
    """

    impl = Text
    cache_ok = True

    def __init__(self, *, none_as_null: bool = False) -> None:
        super().__init__()
        self.none_as_null = none_as_null

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the text of ``value``."""
        del dialect
        return None if value is None and self.none_as_null else text_of(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return what the text says."""
        del dialect
        return None if value is None else loads(value)


class ResourcesText(TypeDecorator["Resources | None"]):
    """What a job asks of machines, as JSON; NULL is nothing in particular."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Resources | None, dialect: Dialect) -> str | None:
        """Return the text of ``value``."""
        del dialect
        return None if value is None else text_of(value.as_json())

    def process_result_value(self, value: str | None, dialect: Dialect) -> Resources | None:
        """Return what the text says."""
        del dialect
        return None if value is None else resources_from_json(loads(value))
