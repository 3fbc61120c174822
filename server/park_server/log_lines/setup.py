"""How a service logs: in which form, and from which level on. Light: a start begins with it."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum

__all__ = ["LEVELS", "LogFormat", "configure_logs", "is_json", "set_level", "tell"]

LEVELS = ("debug", "info", "warning", "error")

_OURS = ("park", "uvicorn")
_told = logging.getLogger("park.serve")
_WITHOUT = "warning"
"""As Python has it where nobody says anything."""

_started: list[str] = []
"""The level that the service was started with; the newest last."""


class LogFormat(StrEnum):
    """Lines for people, or a JSON object on each line for programs."""

    TEXT = "text"
    JSON = "json"


def configure_logs(form: LogFormat, level: str | None) -> None:
    """Log to stderr in ``form``, from ``level`` on.

    Without a level it is ``info`` in JSON, which somebody reads by programs, and ``warning``
    in text, which is on a terminal.
    """
    if form is LogFormat.TEXT and level is None:
        return  # Python's own last resort: the bare message, from warnings on
    _handle(form)
    _started.append(level or "info")
    set_level(None)
    _told.setLevel(logging.INFO)  # a start is told at any level


def _handle(form: LogFormat) -> None:
    handler = logging.StreamHandler(sys.stderr)
    if form is LogFormat.JSON:
        from park_server.log_lines.json_lines import JsonLines

        handler.setFormatter(JsonLines())
        logging.captureWarnings(capture=True)
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.root.handlers[:] = [handler]


def set_level(level: str | None) -> None:
    """Log from ``level`` on, now; None: from that with which the service was started."""
    if level is not None and not logging.root.handlers:
        _handle(LogFormat.TEXT)
    found = level or (_started[-1] if _started else _WITHOUT)
    for name in _OURS:
        logging.getLogger(name).setLevel(found.upper())


def is_json() -> bool:
    """Tell whether what is logged is records for programs."""
    return any(type(each.formatter).__name__ == "JsonLines" for each in logging.root.handlers)


def tell(line: str) -> None:
    """Say ``line`` to whoever watches the start or the log; nothing where nobody can read it."""
    if is_json():
        _told.info(line.removeprefix("park serve: "))
    elif sys.stderr is not None:
        # in one write: others may have a word at the same moment
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
