import pytest

from park_server.entrance.cross_origin import refusal

OWN = ["http://127.0.0.1:8750", "https://lab.example/park"]


def refused(method: str = "POST", site: str | None = None, origin: str | None = None) -> str | None:
    sites = [] if site is None else [site]
    return refusal(method, sites=sites, origins=[] if origin is None else [origin], own=OWN)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "", "nonsense"])
def test_a_page_of_another_site_changes_nothing(method: str, site: str) -> None:
    assert "Sec-Fetch-Site" in str(refused(method, site))


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "", "https://lab.example.evil.example", "https://lab"),
        *("http://lab.example", "https://lab.example:444", "http://127.0.0.1:8751", "file://"),
        *("https://lab.example, https://evil.example", "https://[x", "https://lab.example:x"),
    ],
)
def test_nor_does_one_of_another_origin(origin: str) -> None:
    assert "Origin" in str(refused(origin=origin))
    assert refused(site="same-origin", origin=origin)


def test_one_wrong_value_among_several_is_enough() -> None:
    origins = ["https://lab.example", "https://evil.example"]
    assert refusal("POST", sites=[], origins=origins, own=OWN)
    assert refusal("POST", sites=["same-origin", "cross-site"], origins=[], own=OWN)


@pytest.mark.parametrize("site", [None, "same-origin", "none", "Same-Origin"])
@pytest.mark.parametrize(
    "origin",
    [None, "https://lab.example", "https://LAB.example:443", "http://127.0.0.1:8750"],
)
def test_its_own_pages_and_what_is_no_browser_may(site: str | None, origin: str | None) -> None:
    assert refused(site=site, origin=origin) is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_changes_nothing_is_read_by_whoever_has_a_token(method: str) -> None:
    assert refused(method, "cross-site", "https://evil.example") is None
