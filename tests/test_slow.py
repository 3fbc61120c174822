"""What is slow is a further case: nearly each file has tests that run without being asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tests").rglob("test_*.py"))

MEMO, PAGES = "tests/functional/memo", "tests/functional/documents"
SHOWN_BY = {
    f"{MEMO}/test_fitting_edits.py": f"{MEMO}/test_edits.py",
    f"{PAGES}/test_tutorial_runs.py": f"{PAGES}/test_howtos_run.py",
}
"""The files that are slow as a whole, each with one that shows the same of something smaller."""


def is_slow(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Tell whether a test, or a class of them, is marked as a whole: not a case of it alone."""
    return any(ast.unparse(each) == "pytest.mark.slow" for each in node.decorator_list)


def quick_tests(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names of the tests that are not slow as a whole, and of state machines."""
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not is_slow(node):
            yield from quick_tests(node.body)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield from () if is_slow(node) else (node.name,)
        elif isinstance(node, ast.Assign) and ast.unparse(node.value).endswith(".TestCase"):
            yield ast.unparse(node.targets[0])


def is_slow_as_a_whole(text: str) -> bool:
    """Tell whether a file has no quick test, or marks all that it has."""
    body = ast.parse(text).body
    is_marked = any(ast.unparse(node) == "pytestmark = pytest.mark.slow" for node in body)
    return is_marked or not any(quick_tests(body))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def test_a():\n    pass", False),
        ("@pytest.mark.slow\ndef test_a():\n    pass", True),
        ("@pytest.mark.slow\ndef test_a():\n    pass\ndef test_b():\n    pass", False),
        ("pytestmark = pytest.mark.slow\ndef test_a():\n    pass", True),
        ("class TestIt:\n    @pytest.mark.slow\n    def test_a(self):\n        pass", True),
        ("@pytest.mark.slow\nclass TestIt:\n    def test_a(self):\n        pass", True),
        ("class TestIt:\n    def test_a(self):\n        pass", False),
    ],
)
def test_a_file_is_slow_as_a_whole(text: str, *, expected: bool) -> None:
    assert is_slow_as_a_whole(text) is expected


def test_what_is_slow_is_shown_by_something_quick() -> None:
    slow = {
        str(file.relative_to(ROOT)) for file in FILES if is_slow_as_a_whole(file.read_text("utf-8"))
    }
    assert slow == SHOWN_BY.keys(), "without --run-slow nothing of what they are about is tested"
    assert {str(file.relative_to(ROOT)) for file in FILES} >= set(SHOWN_BY.values())
    assert slow.isdisjoint(SHOWN_BY.values())
