import base64

import pytest

from park_server.http.auth import Tokens, takes_basic, token_in
from park_server.trust.identity import Caller
from park_server.trust.rights import ALL, USUAL


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        (basic("__token__:abc"), "abc"),
        (basic("__token__:a:b"), "a:b"),
        (basic("me:abc"), None),
        (basic("__token__:"), None),
        ("Basic ???", None),
        ("Basic " + base64.b64encode(b"\xff\xfe").decode(), None),
        ("Bearer ", None),
        ("Digest abc", None),
        ("", None),
        (None, None),
    ],
)
def test_tokens_come_as_bearer_or_as_the_password_of_token(
    header: str | None, token: str | None
) -> None:
    assert token_in(header, basic=True) == token


def test_basic_opens_nothing_but_the_index() -> None:
    assert token_in(basic("__token__:abc"), basic=False) is None
    assert token_in("Bearer abc", basic=False) == "abc"
    for path in ("/simple", "/simple/", "/simple/x/", "/trees/simple/", "/files/0/x", "/legacy/"):
        assert takes_basic(path), path
    for path in ("/", "/api/v1", "/api/v1/files/x", "/simplex", "/trees", "/x/simple/", "/legacyx"):
        assert not takes_basic(path), path


def test_a_token_names_its_user_and_is_not_kept_in_clear() -> None:
    tokens = Tokens.of({"secret": "ada", "other": "bob"}, operator="ada")
    assert tokens.find("secret") == Caller(user="ada", rights=ALL)
    assert tokens.find("other") == Caller(user="bob", rights=USUAL)
    assert tokens.find("x") is None
    assert "secret" not in repr(tokens)
