from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from park.errors import NotAuthenticated, NotPermitted, UsageError
from park.wire import Audience, TokenClass, TokenRequest
from park_server.clock import text_of
from park_server.trust import held_token
from park_server.trust.held_token import HeldToken, Secret, child_of, digest_of, renewed
from park_server.trust.rights import ALL, Rights

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
LOGIN = held_token.login("01-abcdef", "ada", "laptop", NOW)


def child(request: TokenRequest, parent: HeldToken | None = LOGIN) -> HeldToken:
    rights = Rights.of(["query", "submit", "upload:lab-*"])
    return child_of(parent, request, id="02", user="ada", rights=rights, moment=NOW)


def test_a_token_is_known_by_scanners_and_not_kept() -> None:
    secret = Secret.new()
    assert secret.text.startswith("park_")
    assert len(secret.text) == len("park_") + 43
    assert secret.digest == digest_of(secret.text)
    assert secret.text not in secret.digest
    assert Secret.new().text != secret.text


def test_a_child_is_narrower_and_lasts_no_longer() -> None:
    found = child(TokenRequest(kind=TokenClass.JOB, scopes=["upload:lab-x"], lifetime_s=60))
    assert (found.parent, found.kind) == (LOGIN.id, TokenClass.JOB)
    assert found.scopes == Rights.of(["upload:lab-x"])
    assert found.expires == text_of(NOW + timedelta(seconds=60))
    assert child(TokenRequest(lifetime_s=86_400 * 300)).expires == LOGIN.renewable_until


def test_a_child_without_scopes_has_those_of_its_parent() -> None:
    parent = replace(LOGIN, scopes=Rights.of(["submit"]), renewable_until=None)
    found = child(TokenRequest(lifetime_s=86_400), parent)
    assert found.scopes == parent.scopes
    assert found.expires == parent.expires


def test_a_child_of_the_operators_own_token_has_no_parent() -> None:
    found = child_of(None, TokenRequest(), id="2", user="ada", rights=ALL, moment=NOW)
    assert found.parent is None


@pytest.mark.parametrize("scope", ["admin", "upload", "upload:other", "upload:lab*"])
def test_nothing_is_widened(scope: str) -> None:
    with pytest.raises(NotPermitted, match="cannot be wider"):
        child(TokenRequest(scopes=["query", scope]))


@pytest.mark.parametrize(
    "request_",
    [
        TokenRequest(kind=TokenClass.INTERNAL),
        TokenRequest(kind=TokenClass.GRANT),
        TokenRequest(lifetime_s=0),
        TokenRequest(lifetime_s=float("nan")),
        TokenRequest(lifetime_s=float("inf")),
        TokenRequest(scopes=["root"]),
    ],
)
def test_what_nobody_gets_is_refused(request_: TokenRequest) -> None:
    with pytest.raises(UsageError):
        child(request_)


def test_a_login_goes_on_until_the_password_is_asked_again() -> None:
    later = renewed(LOGIN, NOW + timedelta(days=29, hours=18))
    assert later.expires == LOGIN.renewable_until
    assert renewed(LOGIN, NOW + timedelta(hours=1)).expires == text_of(NOW + timedelta(hours=13))
    with pytest.raises(NotAuthenticated, match="could be refreshed until"):
        renewed(LOGIN, NOW + timedelta(days=30))
    with pytest.raises(UsageError, match="is not refreshed"):
        renewed(child(TokenRequest()), NOW)


def test_why_a_token_opens_nothing_is_said() -> None:
    LOGIN.check(text_of(NOW))
    with pytest.raises(NotAuthenticated, match="…abcdef expired at"):
        LOGIN.check(LOGIN.expires)
    with pytest.raises(NotAuthenticated, match="…abcdef was revoked at today"):
        replace(LOGIN, revoked="today").check(text_of(NOW))


def test_its_record_has_the_token_once() -> None:
    secret = Secret.new()
    record = replace(LOGIN, audience=Audience.INDEX).record(secret)
    assert (record.token, record.audience, record.scopes) == (secret.text, Audience.INDEX, [])
    assert LOGIN.record().token is None
