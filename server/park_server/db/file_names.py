"""Names of files in a column: text where it is UTF-8, the bytes themselves where it is not."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import String
from sqlalchemy.types import TypeDecorator

__all__ = ["FileName"]


class FileName(TypeDecorator[str]):
    """A name as Python has it (PEP 383: bytes that are no UTF-8 are surrogates).

    SQLite keeps bytes in a text column as they are, and compares them as bytes.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> Any:
        """Return the text, or its bytes."""
        del dialect
        if value is None:
            return None
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogateescape")
        return value

    def process_result_value(self, value: Any, dialect: Any) -> str | None:
        """Return the name."""
        del dialect
        return os.fsdecode(value) if isinstance(value, bytes) else value
