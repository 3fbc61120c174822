"""`park_server.sealing.sealing_key`: what one key seals, it alone opens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import UsageError
from park_server.sealing.sealing_key import SealingKey, is_sealed

KEY = SealingKey(bytes(range(64)))
SECRET = "Basic YWRhOnNlY3JldA=="


@given(st.text())
def test_what_is_sealed_is_opened_whatever_it_is(text: str) -> None:
    sealed = KEY.seal(text)
    assert is_sealed(sealed)
    assert KEY.opened(sealed) == text


def test_half_a_surrogate_pair_is_a_text_as_well() -> None:
    assert KEY.opened(KEY.seal("\ud800")) == "\ud800"


def test_another_key_opens_nothing_and_names_itself_otherwise() -> None:
    other = SealingKey.new()
    assert other.name != KEY.name
    assert other.opened(KEY.seal(SECRET)) is None
    renamed = KEY.seal(SECRET).replace(KEY.name, other.name)
    assert other.opened(renamed) is None


def test_what_was_changed_is_not_opened() -> None:
    sealed = KEY.seal(SECRET)
    for at in range(len("park-sealed-"), len(sealed)):
        changed = f"{sealed[:at]}{'A' if sealed[at] != 'A' else 'B'}{sealed[at + 1 :]}"
        if at < len(sealed) - 1:  # the last letter has bits that mean nothing
            assert KEY.opened(changed) is None
    assert KEY.opened(sealed[:-8]) is None
    assert KEY.opened(f"park-sealed-{KEY.name}-A") is None
    assert KEY.opened(SECRET) is None


def test_equal_texts_are_equal_sealed_and_say_nothing_else() -> None:
    assert KEY.seal(SECRET) == KEY.seal(SECRET) != KEY.seal(f"{SECRET}=")
    assert "YWRh" not in KEY.seal(SECRET)
    assert repr(KEY) == "SealingKey()"


def test_a_digest_tells_texts_apart_and_is_of_its_key() -> None:
    assert KEY.digest("a") == KEY.digest("a") != KEY.digest("b")
    assert SealingKey.new().digest("a") != KEY.digest("a")


def test_a_key_is_one_word_and_what_is_none_is_refused_without_being_told() -> None:
    assert SealingKey.parse(KEY.text) == KEY
    for text in ("", "00" * 32, "zz" * 64, KEY.text[:-1], "00" * 65):
        with pytest.raises(UsageError, match="128 hex digits") as caught:
            SealingKey.parse(text)
        assert not text or text not in str(caught.value)
