import pytest

from park.client.access.token import is_token


@pytest.mark.parametrize("text", ["park_4Zr-_x", "a.b.c", "~"])
def test_one_word_of_ascii_is_a_token(text: str) -> None:
    assert is_token(text)


@pytest.mark.parametrize("text", ["", "two words", "line\n", "tab\t", "clé", "zero\x00"])
def test_what_no_header_carries_is_none(text: str) -> None:
    assert not is_token(text)
