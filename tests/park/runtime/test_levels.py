"""How deep JSON is nested, found without going deep."""

from __future__ import annotations

import json
from typing import Any

import pytest

from park.runtime.levels import MOST_LEVELS, is_too_deep


def nested(levels: int, left: str = "[", right: str = "]") -> Any:
    return json.loads(left * levels + ("1" if left != "[" else "") + right * levels)


@pytest.mark.parametrize("document", [None, 1, "text", [], {}, [1, "a"], {"a": 1}])
def test_what_is_flat_has_a_level_at_most(document: Any) -> None:
    assert not is_too_deep(document, 1)


@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a": ', "}"), ('[{"a": ', "}]")])
@pytest.mark.parametrize("levels", [2, 50])
def test_lists_and_objects_are_counted(left: str, right: str, levels: int) -> None:
    count = levels * (2 if left.startswith("[{") else 1)
    document = nested(levels, left, right)
    assert not is_too_deep(document, count)
    assert is_too_deep(document, count - 1)


def test_the_deepest_branch_counts() -> None:
    assert is_too_deep({"a": 1, "b": [{}, [[[]]]]}, 4)
    assert not is_too_deep({"a": 1, "b": [{}, [[[]]]]}, 5)


def test_the_limit_is_that_of_values() -> None:
    assert not is_too_deep(nested(MOST_LEVELS))
    assert is_too_deep(nested(MOST_LEVELS + 1))
    assert is_too_deep(nested(900))
