"""`park_repo.page_text`: what `json` does, and others run meanwhile."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from park_repo.page_text import page_text, read_page

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE: dict[str, Any] = {
    "meta": {"api-version": "1.4"},
    "name": "demo",
    "files": [{"filename": f"demo-{number}.whl", "yanked": "é"} for number in range(200)],
    "_not-listed": [],
}


@pytest.mark.parametrize(
    "document", [PAGE, {"files": []}, {"projects": [{"name": "a"}]}, {"meta": {}}, {}]
)
def test_it_says_what_json_says(document: dict[str, Any]) -> None:
    assert json.loads(page_text(document)) == document
    assert read_page(json.dumps(document)) == document


@pytest.mark.parametrize("step", [lambda: page_text(PAGE), lambda: read_page(json.dumps(PAGE))])
def test_python_runs_between_its_files(step: Callable[[], object]) -> None:
    """Other threads run where Python does: at each call of a function of its own."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        step()
    finally:
        sys.setprofile(before)
    assert calls >= len(PAGE["files"])
