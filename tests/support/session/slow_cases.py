"""Cases of which some are slow: those behind the first few, which show the same of more kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["slow_after"]


def slow_after(number: int, values: Iterable[Any]) -> list[Any]:
    """Return the cases of a test with one parameter; only the first ``number`` are quick."""
    return [
        value if place < number else pytest.param(value, marks=pytest.mark.slow)
        for place, value in enumerate(values)
    ]
