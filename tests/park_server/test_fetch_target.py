"""Where a fetch goes, and who is sent the credentials."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import CannotSatisfy, ParkError, UsageError
from park.wire import FetchRequest
from park_server.fetch_target import (
    MOST_REDIRECTS,
    Target,
    redirected,
    shown,
    target_of,
    without_user_information,
)

SECRET = "Bearer park_secret"


def target(url: str, authorization: str | None = None, origin: str | None = None) -> Target:
    return target_of(FetchRequest(url=url, authorization=authorization, origin=origin))


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("file:///etc/passwd", "cannot fetch 'file:///etc/passwd': file: is not fetched"),
        ("ftp://h/x", "cannot fetch 'ftp://h/x': ftp: is not fetched"),
        ("gopher://h:70/_x", "cannot fetch 'gopher://h:70/_x': gopher: is not fetched"),
        ("data:text/plain,x", "cannot fetch 'data:text/plain,x': data: is not fetched"),
        ("run.refl", "cannot fetch 'run.refl': it has no scheme"),
        ("", "cannot fetch '': it has no scheme"),
        ("http://", "cannot fetch 'http://': it is no URL of a host"),
        ("http://[::1", "cannot fetch 'http://[::1': it is no URL of a host"),
        ("http://h:99999/", "cannot fetch 'http://h:99999/': it is no URL of a host"),
    ],
)
def test_what_is_not_fetched(url: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        target(url)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    "url",
    [
        "http://ada:hunter2@[::1",
        "http://ada:hunter2@h:99999/",
        "http://ada:hun/ter2@h/",
        "ftp://ada:hunter2@h/",
        "ada:hunter2@h/x",
        "http://ada:hunter2@",
    ],
)
def test_no_password_is_in_a_message(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        target(url)
    assert "hun" not in str(caught.value)
    assert "ter2" not in str(caught.value)


def test_user_information_is_basic_authorization() -> None:
    found = target("https://ada:hunter%402@h/x?y=1#z")
    assert str(found.url) == "https://h/x?y=1"
    assert found.authorization == "Basic YWRhOmh1bnRlckAy"  # ada:hunter@2
    assert "YWRh" not in repr(found)
    request = without_user_information(FetchRequest(url="https://ada:hunter%402@h/x"))
    assert (request.url, request.authorization) == ("https://h/x", found.authorization)


def test_an_authorization_that_is_given_goes_first() -> None:
    found = target("https://ada:hunter2@h/x", SECRET)
    assert (str(found.url), found.authorization) == ("https://h/x", SECRET)


def test_a_reference_is_left_as_it_is() -> None:
    request = FetchRequest(url={"$park": "reference", "x": "a@b"})
    assert without_user_information(request) is request


@pytest.mark.parametrize("origin", ["https://h", "https://h:443", "https://H:443/path"])
def test_the_origin_of_credentials_is_compared_as_such(origin: str) -> None:
    assert target("https://h/x", SECRET, origin).authorization == SECRET


def test_credentials_of_another_origin_are_not_sent() -> None:
    found = target("https://h/x", SECRET, "https://elsewhere")
    assert (found.authorization, found.withheld) == (None, "https://elsewhere:443")


@pytest.mark.parametrize("secret", ["", "a\r\nHost: b", "ä"])
def test_what_is_no_header_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(UsageError, match="is no value of an HTTP header"):
        target("https://h/x", secret)


def test_credentials_stay_on_their_origin_and_do_not_come_back() -> None:
    first = target("https://h/a", SECRET)
    here = redirected(first, "/b?signature=1")
    assert (str(here.url), here.authorization) == ("https://h/b?signature=1", SECRET)
    away = redirected(here, "https://h:8443/c")
    assert (away.authorization, away.withheld) == (None, "https://h:443")
    assert redirected(away, "https://h/a").authorization is None


def test_a_redirect_brings_no_credentials() -> None:
    assert redirected(target("https://h/a"), "https://ada:x@h/b").authorization is None


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ("http://h/b?s=1", "https://h/a?… redirects to http://h/b?…, which is not encrypted"),
        ("file:///etc/passwd", "https://h/a?… redirects to a place that is refused: "),
        ("http://h:99999/", "https://h/a?… redirects to a place that is refused: "),
    ],
)
def test_where_no_redirect_may_lead(location: str, line: str) -> None:
    with pytest.raises(CannotSatisfy) as caught:
        redirected(target("https://h/a?s=1"), location)
    assert str(caught.value).startswith(line)


def followed(first: str, locations: Iterable[str]) -> Target:
    return reduce(redirected, locations, target(first))


def test_a_loop_is_shown() -> None:
    with pytest.raises(CannotSatisfy) as caught:
        followed("https://h/start", ["/a", "/b?s=1"] * 10)
    assert str(caught.value) == "a loop of redirects: https://h/a -> https://h/b?… -> https://h/a"


def test_a_second_visit_alone_is_no_loop() -> None:
    assert followed("https://h/a", ["/login", "/a"]).shown == "https://h/a"


def test_too_many_redirects_are_counted() -> None:
    here = followed("https://h/0", [f"/{step}" for step in range(1, MOST_REDIRECTS + 1)])
    with pytest.raises(CannotSatisfy, match="more than 10 redirects: https://h/0 -> https://h/1"):
        redirected(here, "/one-more")


def test_what_is_shown_has_no_secrets() -> None:
    assert shown("https://ada:x@h:1/a?token=1#f") == "https://h:1/a?…"


@given(st.text())
def test_any_text_is_a_target_or_one_clear_error(text: str) -> None:
    try:
        found = target(text)
    except ParkError as error:
        assert len(str(error)) < 300  # noqa: PT017 (either is right)
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert found.url.scheme in {"http", "https"}
