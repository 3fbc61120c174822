from __future__ import annotations

import pytest

from park_server.log_lines.of_request import request_id

TRACE = f"00-{'ab' * 16}-{'cd' * 8}-01"


@pytest.mark.parametrize(
    ("said", "traceparent", "known"),
    [("7f-3", None, "7f-3"), ("7f-3", TRACE, "7f-3"), (None, TRACE, "ab" * 16)],
)
def test_the_id_is_what_the_client_says(said: str, traceparent: str, known: str) -> None:
    assert request_id(said, traceparent) == known


@pytest.mark.parametrize("said", [None, "", "a b", "x\n", 'x"', "x" * 65, "é"])
def test_what_is_no_id_is_not_taken_and_each_request_has_one(said: str | None) -> None:
    one, other = request_id(said, "00-zz"), request_id(said, None)
    assert len(one) == len(other) == 32
    assert one != other
