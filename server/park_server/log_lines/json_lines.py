"""Records of a log as JSON, one on each line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from park_server.log_lines.of_request import REQUEST

__all__ = ["FACTS", "JsonLines"]

FACTS = (
    "request_id",
    "job",
    "attempt",
    "user",
    "state",
    "engine",
    "error",
    "method",
    "path",
    "status",
    "ms",
)
"""What a record may say besides its message: given as ``extra``, each under its name."""


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON, with its traceback in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, whatever the message has in it."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {
            name: value for name in FACTS if (value := getattr(record, name, None)) is not None
        }
        if "request_id" not in line and (request := REQUEST.get()) is not None:
            line["request_id"] = request
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
