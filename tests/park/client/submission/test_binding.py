"""Where a job runs: a whole lock hash needs nobody's answer."""

from __future__ import annotations

import pytest

from park.client.submission.binding import Binding, of_whole_lock

LOCK = "0f" * 32


def test_a_whole_lock_hash_is_the_environment() -> None:
    assert of_whole_lock(LOCK) == Binding(lock_hash=LOCK, is_named=True)


@pytest.mark.parametrize("text", [None, "", LOCK[:-1], f"{LOCK}0", LOCK.upper(), f"{LOCK}\n"])
def test_what_only_a_service_can_complete_is_left_to_it(text: str | None) -> None:
    assert of_whole_lock(text) is None
