"""How a connection is opened: proxies of the environment, and whom TLS trusts."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import truststore
from support.session.limits import LIMIT_S
from support.stand_ins.file_server import Authority
from support.stand_ins.scripted_server import scripted_server

from park.client.access.http.way import Way, proxy_for, trusting
from park.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

PLAIN, BY_TLS = "http://lab.example:8750/park", "https://lab.example/park"


def way(url: str, proxy: str | None) -> Way:
    return Way(url, proxy=proxy, timeout_s=LIMIT_S)


def test_without_a_proxy_a_path_is_asked_for() -> None:
    assert way(PLAIN, None).target("/a") == "/a"
    assert way(PLAIN, None).headers == {}


def test_a_proxy_that_reads_requests_is_told_the_whole_url_and_who_asks() -> None:
    read = way(PLAIN, "http://ada:p%40ss@proxy.example:3128")
    assert read.target("/a") == "http://lab.example:8750/a"
    assert read.headers == {"Proxy-Authorization": "Basic YWRhOnBAc3M="}


def test_through_a_tunnel_a_proxy_is_told_the_host_alone() -> None:
    with scripted_server(lambda _: b"HTTP/1.1 403 no\r\n\r\n") as proxy:
        tunnelled = way(BY_TLS, f"http://ada:secret@127.0.0.1:{proxy.port}")
        assert (tunnelled.target("/a"), tunnelled.headers) == ("/a", {})
        with pytest.raises(OSError, match="403"):
            tunnelled.opened()
        (asked,) = proxy.asked
    assert asked.line.startswith("CONNECT lab.example:443 ")
    assert asked.headers["proxy-authorization"] == "Basic YWRhOnNlY3JldA=="


@pytest.mark.parametrize(
    ("url", "proxy"),
    [(PLAIN, "socks5://proxy.example:1080"), (BY_TLS, "https://proxy.example"), (PLAIN, "http://")],
)
def test_a_proxy_of_another_kind_is_refused(url: str, proxy: str) -> None:
    with pytest.raises(UsageError, match="proxy") as caught:
        way(url, proxy)
    assert "NO_PROXY" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("variables", "plain", "by_tls"),
    [
        ({}, None, None),
        ({"http_proxy": "http://a:1"}, "http://a:1", None),
        ({"https_proxy": "b:2"}, None, "b:2"),
        ({"all_proxy": "http://c:3"}, "http://c:3", "http://c:3"),
        ({"all_proxy": "http://c:3", "no_proxy": "example"}, None, None),
        ({"all_proxy": "http://c:3", "no_proxy": "lab.example:8750"}, None, "http://c:3"),
    ],
)
def test_the_environment_names_proxies(
    variables: dict[str, str],
    plain: str | None,
    by_tls: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (proxy_for(PLAIN), proxy_for(BY_TLS)) == (plain, by_tls)


def test_the_authorities_of_the_variables_are_trusted_else_the_system_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).path))
    assert len(trusting().get_ca_certs()) == 1
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    trusted = trusting()
    assert isinstance(trusted, truststore.SSLContext)
    assert (trusted.verify_mode, trusted.check_hostname) == (ssl.CERT_REQUIRED, True)
