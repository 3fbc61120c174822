"""Large JSON is the same in pieces, between which others run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from support.material.json_values import JSON_VALUES

from park_server import json_pieces
from park_server.json_pieces import loads, text_of

LEAF = {"job": "0199aaaa-0000-7000-8000-000000000001", "is": "completed"}
LARGE: dict[str, Callable[[], Any]] = {
    "a condition": lambda: {"version": 1, "condition": {"any": [LEAF] * 200_000}},
    "lists in lists": lambda: [[[LEAF] * 10] * 100] * 100,
    "numbers": lambda: [0.1] * 1_000_000,
    "text": lambda: "ä\ud800\U0001f600" * 4_000_000,
    "keys": lambda: {f"key-{number}": [number] for number in range(300_000)},
}


@given(JSON_VALUES)
def test_a_document_in_pieces_is_the_same(value: Any) -> None:
    with pytest.MonkeyPatch.context() as patched:
        for name, few in (("_MANY", 3), ("_ITEMS", 2), ("_CHARACTERS", 1), ("_SLICE", 2)):
            patched.setattr(json_pieces, name, few)
        assert text_of(value) == json.dumps(value)
        patched.setattr(json_pieces, "LARGE_BYTES", 0)
        assert repr(loads(text_of(value))) == repr(value)


@pytest.mark.parametrize("what", LARGE)
def test_no_step_writes_more_than_what_takes_about_a_millisecond(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = LARGE[what]()
    whole = json.dumps(value)
    steps: list[int] = []

    def noted(piece: Any) -> str:
        text = dumps(piece)
        steps.append(len(text))
        return text

    dumps = json.dumps
    monkeypatch.setattr(json, "dumps", noted)
    assert text_of(value) == whole
    assert max(steps) < len(whole) / 4
    assert max(steps) < 12 * 64 * 5_000  # a character takes twelve where it is no Latin one
    assert len(steps) < len(whole) / 100  # and it costs little


def test_a_large_document_is_read_with_hooks_at_which_others_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hooks = dict.fromkeys(("_as_it_is", "_whole", "_real"), 0)

    def counted(name: str, usual: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def hook(value: Any) -> Any:
            hooks[name] += 1
            return usual(value)

        return hook

    for name in hooks:
        monkeypatch.setattr(json_pieces, name, counted(name, getattr(json_pieces, name)))
    document = [{"a": 1, "b": 0.5}] * 10_000
    assert loads(json.dumps(document)) == document
    assert loads(json.dumps(document[:10])) == document[:10]
    assert hooks == {"_as_it_is": 10_000, "_whole": 10_000, "_real": 10_000}
