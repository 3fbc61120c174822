"""Tokens of attempts: of one key, for one attempt, and for no other."""

from __future__ import annotations

import pytest

from park.model.ids import JobId
from park_server.jobs.engines.attempt_tokens import AttemptTokens

JOB = JobId("01a2071c-2c6f-780c-a349-000000000001")
TOKENS = AttemptTokens(b"k" * 32)


def test_a_token_says_whose_it_is_after_a_restart_too() -> None:
    token = TOKENS.token(JOB, 2)
    assert AttemptTokens(b"k" * 32).attempt_of(token) == (JOB, 2)
    assert "k" * 8 not in repr(TOKENS)


@pytest.mark.parametrize(
    "forged",
    [
        TOKENS.token(JOB, 2).replace(".2.", ".3."),
        TOKENS.token(JOB, 2)[:-1],
        TOKENS.token(JOB, 2).removeprefix("parknode_"),
        AttemptTokens(b"other").token(JOB, 2),
        f"parknode_{JOB}.x.y",
        "parknode_ü.1.ü",
        "parknode_",
    ],
)
def test_what_was_not_made_with_the_key_is_of_nobody(forged: str) -> None:
    assert TOKENS.attempt_of(forged) is None
