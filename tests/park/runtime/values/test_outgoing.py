"""What leaves a job is pickled by name, else by value."""

from __future__ import annotations

import pickle
import sys
import threading
from decimal import Decimal
from typing import Any

import pytest

from park.runtime.by_value import rebuild
from park.runtime.values.outgoing import pickled


class OutOfRange(Exception):
    """Takes what its message is made of."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__(f"not within {low} and {high}")


def held() -> Any:
    lock = threading.Lock()
    return lambda: lock


def test_what_has_a_name_is_pickled_as_ever() -> None:
    value = {"d": Decimal("1.5"), "e": ValueError("x")}
    assert pickled(value) == pickle.dumps(value, protocol=5)


def test_what_has_none_is_pickled_by_value() -> None:
    step = 3
    assert rebuild.loads(pickled({"grow": lambda n: n + step}))["grow"](1) == 4


def test_an_error_is_made_again_with_its_message() -> None:
    assert str(rebuild.loads(pickled([OutOfRange(1, 2)]))[0]) == "not within 1 and 2"


def test_what_is_nested_deep_is_pickled() -> None:
    value: Any = 1
    # Python 3.12 has a limit of its own for calls in C
    for _ in range(400 if sys.version_info[:2] == (3, 12) else 3000):
        value = {"inside": value}
    assert pickle.loads(pickled(value))["inside"]  # noqa: S301 (made above)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (threading.Lock(), "cannot pickle '_thread.lock' object"),
        (held(), "cannot pickle '_thread.lock' object"),
    ],
    ids=["itself", "inside"],
)
def test_what_cannot_leave_at_all_is_told_in_the_words_of_pickle(value: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        pickled(value)
