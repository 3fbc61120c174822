"""Names of files in a column: text where it is UTF-8, the bytes themselves where it is not."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import Dialect, LargeBinary, String
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["FileName"]


class FileName(TypeDecorator[str]):
    """A name as Python has it (PEP 383: bytes that are no UTF-8 are surrogates).

    SQLite keeps bytes in a text column as they are, and compares them as bytes. PostgreSQL
    does not: there the column is one of bytes, whatever the name.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return what the column is declared as."""
        kind = LargeBinary() if dialect.name == "postgresql" else String()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """Return the text, or its bytes."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return value.encode("utf-8", "surrogateescape")
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogateescape")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Return the name."""
        del dialect
        return os.fsdecode(value) if isinstance(value, bytes) else value
