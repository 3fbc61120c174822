"""Refusals name the member and the rule, for people and for programs."""

from __future__ import annotations

import json

from park_repo.checks.refusal import Rule, refused


def test_a_refusal_says_both_in_words_and_as_data() -> None:
    error = refused("member 'a' is a link", member="a", rule=Rule.KIND, hint="pack it again")
    assert (str(error), error.hint) == ("member 'a' is a link", "pack it again")
    assert error.details == {"member": "a", "rule": "kind"}


def test_a_name_that_is_no_utf_8_can_be_sent_all_the_same() -> None:
    member = b"caf\xe9.py".decode("utf-8", "surrogateescape")
    error = refused("no UTF-8", member=member, rule=Rule.STRUCTURE)
    assert json.dumps(error.as_problem(), ensure_ascii=False).encode()
    assert "caf" in error.details["member"]
