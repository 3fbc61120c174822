"""Answers that hold values of jobs: as JSON, by type and digit."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from starlette.responses import JSONResponse

__all__ = ["ExactJson"]


class ExactJson(JSONResponse):
    """Records and data as JSON in ASCII: text with half a surrogate pair has no UTF-8.

    What FastAPI itself makes of a record stumbles over such text, and over data of more than
    255 levels; both may be in what jobs returned and reported.
    """

    def render(self, content: Any) -> bytes:
        """Return the body."""
        text = json.dumps(content, allow_nan=False, separators=(",", ":"), default=_fields_of)
        return text.encode("ascii")


def _fields_of(record: Any) -> dict[str, Any]:
    return {each.name: getattr(record, each.name) for each in fields(record)}
