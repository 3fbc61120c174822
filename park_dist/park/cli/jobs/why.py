"""``park why``: why a job or an install is not done, or why it failed or was cancelled."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from park.cli.reasons import add_reason, print_reason

if TYPE_CHECKING:
    from park.wire import WhyRecord

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park why 0199…
  park why …7f3abc                 the end of an id will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_reason(parser, of="a job or an install")


def run(options: argparse.Namespace) -> int:
    """Print the line, and below it the chain of causes."""
    from park.client.workflows import graph

    return print_reason(options, graph.why, _lines)


def _lines(record: WhyRecord) -> Iterator[str]:
    from park.drawing.tree import one_line

    yield f"{record.status}: {one_line(record.line)}" if record.line else record.status
    for cause in record.chain:
        yield f"  {_indentation(cause)}{one_line(cause)}"
    if record.status == "failed" and record.request_id:
        yield f"request {one_line(record.request_id)}: its operator finds more in the log by that"


def _indentation(cause: str) -> str:
    """Return the spaces that say under which cause this one stands; not more than fit."""
    return " " * min(len(cause) - len(cause.lstrip(" ")), _DEEPEST)


_DEEPEST = 24
