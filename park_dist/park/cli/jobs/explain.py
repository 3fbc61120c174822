"""``park explain``: why a job ran, or why it did not have to."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from park.cli.reasons import add_reason, print_reason

if TYPE_CHECKING:
    from park.wire import WhyRecord

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park explain 0199…
  park explain …7f3abc           the end of an id will do
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_reason(parser, of="a job")


def run(options: argparse.Namespace) -> int:
    """Print the reason, and what there is to add to it."""
    from park.client.workflows import memory

    return print_reason(options, memory.explanation, _lines)


def _lines(record: WhyRecord) -> Iterator[str]:
    from park.drawing.tree import one_line

    yield one_line(record.line)
    for line in record.chain:
        yield f"  {one_line(line)}"
