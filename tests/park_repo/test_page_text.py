"""`park_repo.page_text`: what `json` does, and others run meanwhile."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock

import pytest

from park_repo import page_text as page_text_module
from park_repo.page_text import page_text, read_page

ENCODER = page_text_module._ENCODER

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


def test_python_runs_between_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other threads run where Python does: at each call of a function of its own."""
    read, written = Mock(side_effect=page_text_module._as_it_is), Mock(wraps=ENCODER)
    monkeypatch.setattr(page_text_module, "_as_it_is", read)
    monkeypatch.setattr(page_text_module, "_ENCODER", written)
    assert read_page(page_text(PAGE)) == PAGE
    assert read.call_count >= len(PAGE["files"])
    assert written.encode.call_count >= len(PAGE["files"])
