"""The cookie of the page: what a browser is told, and from whom it is taken."""

import pytest
from starlette.datastructures import Headers

from park.errors import NotPermitted
from park_server.http.gate.session_cookie import (
    cleared,
    name_of,
    require_own_page,
    secret_in,
    set_with,
)


@pytest.mark.parametrize(
    ("scheme", "host", "name"),
    [
        ("http", "127.0.0.1:8750", "park-8750"),
        ("http", "lab.example", "park-80"),
        ("https", "lab.example", "__Host-park-443"),
        ("https", "[::1]:9000", "__Host-park-9000"),
        ("http", "[::1]", "park-80"),
    ],
)
def test_services_on_one_machine_have_cookies_of_their_own(
    scheme: str, host: str, name: str
) -> None:
    assert name_of(scheme, host) == name


def test_no_script_and_no_other_site_gets_it() -> None:
    plain = set_with("abc", scheme="http", host="h:1", lasts_s=60)
    assert plain == "park-1=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"
    assert set_with("abc", scheme="https", host="h:1", lasts_s=60).endswith("; Secure")
    assert "park-1=; " in cleared(scheme="http", host="h:1")
    assert "Max-Age=0" in cleared(scheme="http", host="h:1")


@pytest.mark.parametrize(
    ("cookie", "secret"),
    [
        ("park-1=abc", "abc"),
        ("other=x; park-1=abc; more=y", "abc"),
        ("park-2=abc", None),
        ("park-1=", None),
        ("\x00;;=", None),
        ("park-1=" + "x" * 20_000, None),
    ],
)
def test_the_secret_is_that_of_this_service(cookie: str, secret: str | None) -> None:
    assert secret_in(Headers({"cookie": cookie, "host": "h:1"}), "http") == secret


def test_a_request_without_a_cookie_has_none() -> None:
    assert secret_in(Headers({"host": "h:1"}), "http") is None


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("site", ["same-site", "cross-site", "else"])
def test_what_another_page_has_sent_is_refused(method: str, site: str) -> None:
    with pytest.raises(NotPermitted):
        require_own_page(method, Headers({"sec-fetch-site": site}))


def test_what_changes_something_says_from_where() -> None:
    for method in ("POST", "PUT", "DELETE"):
        with pytest.raises(NotPermitted, match="nothing says from which page"):
            require_own_page(method, Headers({}))
        require_own_page(method, Headers({"origin": "http://h"}))
        require_own_page(method, Headers({"sec-fetch-site": "same-origin"}))
    require_own_page("GET", Headers({}))
    require_own_page("GET", Headers({"sec-fetch-site": "none"}))
