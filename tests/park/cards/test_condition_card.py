"""The card of a condition."""

from __future__ import annotations

import pytest

from park.cards.condition_card import condition_card
from park.model.truth import Truth


@pytest.mark.parametrize(
    ("truth", "word"), [(Truth.TRUE, "true"), (Truth.NOT_YET, "not yet"), (Truth.NEVER, "never")]
)
def test_what_it_is_worth_is_told_by_a_word_and_a_colour(truth: Truth, word: str) -> None:
    html = condition_card("chisq < 2", truth, "")
    assert f">{word}</span> <strong>chisq &lt; 2</strong>" in html
    others = [condition_card("", other, "") for other in Truth if other is not truth]
    assert not [other for other in others if html[:60] == other[:60]]


def test_why_is_said_where_there_is_something_to_say() -> None:
    assert "waits for &lt;a&gt;" in condition_card("x", Truth.NOT_YET, "waits for <a>")
    assert "opacity" not in condition_card("x", Truth.TRUE, "")
