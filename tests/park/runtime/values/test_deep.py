"""What needs a deep stack gets one, and leaves all as it was."""

from __future__ import annotations

import pickle
import sys
import threading
from typing import Any

import pytest

from park.runtime.values.deep import with_a_deep_stack

LEVELS = {(3, 12): 400, (3, 13): 4000}.get(sys.version_info[:2], 5000)
"""Python 3.12 and 3.13 limit the calls in C: two to three of them for a level."""


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_what_is_nested_deeper_than_the_stack_is_pickled_all_the_same() -> None:
    before = sys.getrecursionlimit(), threading.stack_size()
    data = with_a_deep_stack(lambda: pickle.dumps(nested(LEVELS)))
    assert (sys.getrecursionlimit(), threading.stack_size()) == before
    value, levels = pickle.loads(data), 0  # noqa: S301 (made above)
    while isinstance(value, list):
        value, levels = value[0], levels + 1
    assert levels == LEVELS


def test_what_fits_is_made_in_the_thread_that_asks() -> None:
    assert with_a_deep_stack(threading.current_thread) is threading.current_thread()


def test_what_the_interpreter_allows_no_room_for_is_made_otherwise() -> None:
    def never() -> int:
        raise RecursionError

    assert with_a_deep_stack(never, lambda: 3) == 3
    with pytest.raises(RecursionError):
        with_a_deep_stack(never, never)


def test_what_has_no_end_is_told_and_another_error_is_raised_as_it_is() -> None:
    def endless() -> int:
        return endless() + 1

    def fails() -> None:
        if threading.current_thread() is threading.main_thread():
            raise RecursionError
        raise KeyError("x")

    with pytest.raises(RecursionError):
        with_a_deep_stack(endless)
    with pytest.raises(KeyError, match="x"):
        with_a_deep_stack(fails)


def test_where_no_such_stack_can_be_had_that_is_as_if_it_were_too_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_room)
    with pytest.raises(RecursionError, match="deeper than the stack"):
        with_a_deep_stack(lambda: pickle.dumps(nested(100_000)))
