"""What is called, as a part of the call."""

from __future__ import annotations

import base64
import pickle
from typing import Any

import pytest

from park.runtime.by_value.function_node import FunctionProblem, decode_function, encode_function

SET = "5" * 64


def call(value: object = len, **changes: Any) -> dict[str, Any]:
    data = pickle.dumps(value)
    node = encode_function(data, name="__main__:fit", set_hash=SET, modules=["json"])
    return {"function": node | changes, "places": []}


def test_what_was_sent_is_what_is_called() -> None:
    assert decode_function(call(), set_hash=SET) is len
    assert decode_function({"args": []}, set_hash=SET) is None


@pytest.mark.parametrize("here", [None, "6" * 64])
def test_under_another_set_it_is_not_read(here: str | None) -> None:
    with pytest.raises(FunctionProblem, match="__main__:fit was sent under the set 555"):
        decode_function(call(), set_hash=here)


def test_bytes_that_changed_on_the_way_are_not_read() -> None:
    changed = call()
    changed["function"]["value"]["base64"] = base64.b64encode(pickle.dumps(max)).decode()
    with pytest.raises(FunctionProblem, match="not what was sent: its digest is another"):
        decode_function(changed, set_hash=SET)


def test_what_is_missing_there_is_named() -> None:
    data = b"\x80\x05cmodule_that_is_not_here\nf\n."
    node = encode_function(data, name="m:f", set_hash=SET, modules=[])
    with pytest.raises(FunctionProblem, match="No module named 'module_that_is_not_here'"):
        decode_function({"function": node}, set_hash=SET)
