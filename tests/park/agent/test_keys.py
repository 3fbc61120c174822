from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.agent.keys import RETRY_S, Key, Keys, next_moment
from park.agent.messages import HoldKey, Token
from park.errors import UsageError

LAB = "https://lab.example/park"
MOMENTS = st.floats(0, 1e10)
SPANS = st.floats(0.001, 1e7)


def key(**said: object) -> Key:
    held = HoldKey(**{"service": LAB, "token": "t", **said})  # type: ignore[arg-type]
    return Key.of(held, 1000.0)


def test_a_key_opens_its_service_and_no_other() -> None:
    keys = Keys().with_key(key())
    for url in (LAB, f"{LAB}/", "HTTPS://LAB.example:443/park"):
        assert keys.of(url) is not None
    for url in (
        *("https://lab.example", "http://lab.example/park", "https://lab.example:444/park"),
        *(
            "https://lab.example/park/x",
            "https://lab.example.evil/park",
            "https://evil.example/park",
        ),
        *("https://lab.example@evil.example/park", ""),
    ):
        assert keys.of(url) is None, url


def test_there_is_one_key_of_a_service() -> None:
    keys = Keys().with_key(key()).with_key(key(service=f"{LAB}/", token="u"))
    assert [each.token for each in keys.by_service.values()] == ["u"]
    assert keys.without("https://LAB.example/park") == Keys()


@given(MOMENTS, SPANS, SPANS, SPANS)
def test_it_is_refreshed_at_half_of_its_time_and_forgotten_at_its_end(
    now: float, lasts: float, renewable: float, lifetime: float
) -> None:
    held = HoldKey(
        service=LAB, token="t", expires=now + lasts, renewable_until=now + renewable,
        lifetime_s=lifetime,
    )  # fmt: skip
    found = Key.of(held, now)
    if found.refresh_at is not None:
        assert now <= found.refresh_at <= now + lasts
        assert found.refresh_at < now + renewable
        assert found.is_due(found.refresh_at)
    assert found.ends is not None
    assert found.is_over(found.ends)
    assert found.ends <= now + lasts
    assert found.ends <= now + lifetime
    moment = next_moment(Keys().with_key(found))
    assert moment is not None
    assert moment <= found.ends


def test_one_without_an_end_stays() -> None:
    keys = Keys().with_key(key())
    assert keys.at(1e12) is keys
    assert next_moment(keys) is None
    assert not keys.due(1e12)


def test_what_is_over_is_gone() -> None:
    keys = Keys().with_key(key(expires=1010.0)).with_key(key(service="https://b", lifetime_s=20))
    assert set(keys.at(1010.0).by_service) == {"https://b"}
    assert keys.at(1020.0) == Keys()


def test_a_refresh_begins_anew_and_keeps_what_was_said_of_the_key() -> None:
    old = key(expires=1100.0, renewable_until=5000.0, lifetime_s=3000, confirm=True, id="1")
    new = old.refreshed(Token(token="u", expires=1200.0, id="2"), 4000.0, 1050.0)
    assert (new.token, new.id, new.confirm, new.until) == ("u", "2", True, 4000.0)
    assert new.refresh_at == 1125.0
    assert new.as_token().expires == 1200.0


def test_one_that_failed_is_tried_again_after_a_while_and_told_of() -> None:
    old = key(expires=1100.0, renewable_until=5000.0)
    failed = old.not_refreshed("away", 1060.0)
    assert failed.refresh_at == 1060.0 + RETRY_S
    assert failed.as_line().trouble == "away"
    assert failed.token == "t"


def test_nothing_is_refreshed_that_is_not_renewable_any_more() -> None:
    assert key(expires=1100.0).refresh_at is None
    assert key(expires=1100.0, renewable_until=1040.0).refresh_at is None
    assert key().refresh_at is None


@pytest.mark.parametrize(
    "said", [{"token": ""}, {"service": ""}, {"lifetime_s": 0.0}, {"lifetime_s": 1e300}]
)
def test_what_is_no_key_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        key(**said)


def test_what_is_told_of_a_key_has_no_secret() -> None:
    found = key(token="park_marked_secret")
    assert "marked" not in f"{found!r}{found.as_line()!r}{Keys().with_key(found)!r}"
