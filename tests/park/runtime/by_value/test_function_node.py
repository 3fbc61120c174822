"""What is called, as a part of the call."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path
from typing import Any

import pytest

from park.runtime.by_value.function_node import FunctionProblem, decode_function, encode_function

SET = "5" * 64


def call(value: object = len, **changes: Any) -> dict[str, Any]:
    data = pickle.dumps(value)
    node = encode_function(data, name="__main__:fit", set_hash=SET, modules=["json"])
    return {"function": node | changes, "places": []}


def test_what_was_sent_is_what_is_called() -> None:
    assert decode_function(call(), set_hash=SET, inputs="") is len
    assert decode_function({"args": []}, set_hash=SET, inputs="") is None


def test_its_bytes_may_be_a_file_of_the_call(tmp_path: Path) -> None:
    data = pickle.dumps(len)
    node = encode_function(data, name="m:f", set_hash=SET, modules=[], as_file=True)
    with pytest.raises(FunctionProblem, match="m:f did not come with its file"):
        decode_function({"function": node}, set_hash=SET, inputs=str(tmp_path))
    file = tmp_path / node["sha256"] / node["value"]["name"]
    file.parent.mkdir()
    file.write_bytes(data)
    assert decode_function({"function": node}, set_hash=SET, inputs=str(tmp_path)) is len


@pytest.mark.parametrize("here", [None, "6" * 64])
def test_under_another_set_it_is_not_read(here: str | None) -> None:
    with pytest.raises(FunctionProblem, match="__main__:fit was sent under the set 555"):
        decode_function(call(), set_hash=here, inputs="")


def test_bytes_that_changed_on_the_way_are_not_read() -> None:
    changed = call()
    changed["function"]["value"]["base64"] = base64.b64encode(pickle.dumps(max)).decode()
    with pytest.raises(FunctionProblem, match="not what was sent: its digest is another"):
        decode_function(changed, set_hash=SET, inputs="")


def test_what_is_missing_there_is_named() -> None:
    data = b"\x80\x05cmodule_that_is_not_here\nf\n."
    node = encode_function(data, name="m:f", set_hash=SET, modules=[])
    with pytest.raises(FunctionProblem, match="No module named 'module_that_is_not_here'"):
        decode_function({"function": node}, set_hash=SET, inputs="")
