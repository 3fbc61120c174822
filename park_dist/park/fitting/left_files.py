"""The files that a fit leaves: in formats that every program reads."""

from __future__ import annotations

import importlib
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path

from park.fitting.curves import Table

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

    from park.fitting.estimates import Draws

__all__ = ["FIT", "write_arrays", "write_draws", "write_json", "write_table", "write_text"]

FIT = "fit.json"


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: a job can be killed at any moment."""
    _write(path, text.encode())


def write_json(path: Path, document: object) -> None:
    """Write plain data."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_table(path: Path, table: Table) -> None:
    """Write columns as text, with 17 digits, which are all that a double has.

    The names of the columns are in the last line that begins with ``#``.
    """
    heads = [f"# {line}" for line in (table.name, table.of) if line]
    heads.append("# " + " ".join(table.columns))
    rows = zip(*table.columns.values(), strict=True)
    lines = (" ".join(f"{value:.17g}" for value in row) for row in rows)
    write_text(path, "\n".join([*heads, *lines]) + "\n")


def write_arrays(path: Path, tables: Iterable[tuple[str, Table]]) -> None:
    """Write the columns of all tables into one ``.npz``: ``curve_1_x``, ``curve_1_y``, …."""
    arrays = {
        f"{name.replace('-', '_')}_{column}": values
        for name, table in tables
        for column, values in table.columns.items()
    }
    _write_npz(path, arrays)


def write_draws(path: Path, draws: Draws, labels: Iterable[str]) -> None:
    """Write what dream has drawn: ``points`` (draws x parameters), ``logp``, ``labels``."""
    _write_npz(path, {"points": draws.points, "logp": draws.logp, "labels": list(labels)})


def _write_npz(path: Path, arrays: dict[str, Any]) -> None:
    numpy: Any = importlib.import_module("numpy")
    written = io.BytesIO()
    numpy.savez_compressed(written, **{name: numpy.asarray(each) for name, each in arrays.items()})
    _write(path, written.getvalue())


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
