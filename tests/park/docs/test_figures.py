"""The limits and times that the pages tell are those of the program.

What each of them does has its test beside the part that keeps it, mostly with a shorter time;
here are the figures themselves.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = [ROOT / "park_dist", ROOT / "repo", ROOT / "server"]

MINUTE, DAY, GIB = 60.0, 86_400.0, 1 << 30


def number(node: ast.expr) -> int | float:
    """Return what an expression of numbers comes to."""
    if isinstance(node, ast.BinOp):
        left, right = number(node.left), number(node.right)
        return int(left) << int(right) if isinstance(node.op, ast.LShift) else left * right
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int | float)
    return node.value


def assignments(source: str, name: str) -> Iterator[ast.expr]:
    """Yield what a module or a class gives to ``name``."""
    for node in ast.walk(ast.parse(source)):
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        named = any(isinstance(each, ast.Name) and each.id == name for each in targets)
        if named and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield node.value


def figures(name: str) -> set[int | float]:
    """Return what is called ``name`` in the source: here and there one word has two figures."""
    texts = [
        text
        for source in SOURCES
        for file in source.rglob("*.py")
        if name in (text := file.read_text(encoding="utf-8"))
    ]
    return {number(node) for text in texts for node in assignments(text, name)}


@pytest.mark.parametrize(
    ("page", "said", "name", "value"),
    [
        ("reference/json", "newest ten releases and ten working trees", "NEWEST", 10),
        ("explanation/jobs", "leaves after ten minutes", "idle_s", 10 * MINUTE),
        ("explanation/workflows", "bridged for a minute", "_GIVE_UP_S", MINUTE),
        ("how-to/data-and-files", "file** is 20 GiB", "fetch_limit_bytes", 20 * GIB),
        ("how-to/follow-and-cancel", "SIGKILL ten seconds later", "CANCEL_GRACE_S", 10.0),
        ("how-to/follow-and-cancel", "six characters or more", "_SHORTEST_END", 6),
        ("how-to/run-a-service", "once they are a month old", "UNUSED_FOR_S", 30 * DAY),
        ("how-to/use-the-index", "at most 4 GiB packed", "MAX_UPLOAD_BYTES", 4 * GIB),
        ("how-to/use-the-index", "and 8 GiB unpacked", "MAX_UNPACKED_BYTES", 8 * GIB),
        ("how-to/workflows", "(ten seconds for a service that", "_FIRST_CONTACT_S", 10.0),
        ("reference/http", "in seconds from 0 to 30", "LONG_POLL_S", 30.0),
        ("reference/http", "waits 15 minutes without", "UPLOAD_PATIENCE_S", 15 * MINUTE),
        ("reference/http", "your newest 10,000 jobs", "_NEWEST", 10_000),
        ("reference/http", "more than 3,000 jobs", "MOST_NODES", 3_000),
        ("reference/http", "Up to 1 MiB from the offset", "_LOG_BLOCK", 1 << 20),
        ("reference/http", "both 30 at most", "LONGEST_S", 30 * DAY),
        ("reference/http", "at most 1,000 bytes", "MAX_PATH_BYTES", 1_000),
        ("reference/http", "each part of it at most 230", "MAX_PART_BYTES", 230),
    ],
)
def test_a_figure_of_the_pages_is_that_of_the_program(
    page: str, said: str, name: str, value: float
) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert said in re.sub(r"\s+", " ", text), f"{page}.md does not say {said!r} any more"
    assert value in figures(name)
