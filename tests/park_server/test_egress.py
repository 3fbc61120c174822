"""Which addresses the service connects to, decided on the connection that is really made."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from support.services.index_server import serving

from park.errors import NotPermitted, UsageError
from park_server.egress import AddressPolicy, GuardedTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",  # noqa: S104 (an address that is refused)
    "10.0.0.1",
    "172.16.5.4",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    assert AddressPolicy().allows(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_all_others_are_not(address: str) -> None:
    assert not AddressPolicy().allows(ip_address(address))


def test_the_operator_allows_addresses_networks_and_names() -> None:
    policy = AddressPolicy.of(["10.1.0.0/16", "::1", "[fd00::7]", "SNS.lab.example."])
    assert policy.allows(ip_address("10.1.2.3"))
    assert policy.allows(ip_address("::ffff:10.1.2.3"))
    assert policy.allows(ip_address("::1"))
    assert policy.allows(ip_address("fd00::7"))
    assert policy.allows(ip_address("192.168.1.1"), "sns.lab.example")
    assert not policy.allows(ip_address("10.2.0.1"))
    assert not policy.allows(ip_address("192.168.1.1"), "other.lab.example")


@pytest.mark.parametrize("entry", ["", "10.1.2.3/16", "10.0.0.0/40", "http://x", "1.2.3", "a b"])
def test_what_is_no_address_is_told_the_operator(entry: str) -> None:
    with pytest.raises(UsageError, match="--allow-address"):
        AddressPolicy.of([entry])


@pytest.fixture
def url() -> Iterator[str]:
    """Give the URL of a server on the loopback."""
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    with serving(app) as base:
        yield base


def _get(url: str, *allowed: str) -> str:
    async def ask() -> str:
        transport = GuardedTransport(AddressPolicy.of(allowed))
        async with httpx2.AsyncClient(transport=transport) as client:
            return (await client.get(url)).text

    return asyncio.run(ask())


@pytest.mark.parametrize("spelling", ["127.0.0.1", "localhost", "127.1", "2130706433"])
def test_no_spelling_leads_to_this_machine(url: str, spelling: str) -> None:
    with pytest.raises(NotPermitted) as caught:
        _get(url.replace("127.0.0.1", spelling))
    assert "127.0.0.1" in str(caught.value) or "::1" in str(caught.value)
    assert "--allow-address" in str(caught.value.hint)


def test_what_is_allowed_is_reached(url: str) -> None:
    assert _get(url, "127.0.0.1") == "here"
    assert _get(url.replace("127.0.0.1", "localhost"), "localhost") == "here"


def test_a_name_that_changes_its_mind_gains_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(url.rpartition(":")[2])
    answers = iter(["198.18.0.1", "127.0.0.1"])
    asked: list[str] = []

    def resolve(host: str, *rest: Any, **more: Any) -> list[Any]:
        if host != "rebinding.example":
            asked.append(host)
            return original(host, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    original = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    rebinding = url.replace("127.0.0.1", "rebinding.example")
    with pytest.raises(NotPermitted, match=r"198\.18\.0\.1"):
        _get(rebinding)
    # asked anew it names the loopback, which is what is looked at then
    with pytest.raises(NotPermitted, match=r"127\.0\.0\.1"):
        _get(rebinding)


def test_of_several_addresses_only_the_allowed_are_tried(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(url.rpartition(":")[2])
    family = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    with socket.socket() as silent:
        silent.bind(("127.0.0.2", port))  # ours, and nobody listens: refused at once
        found = [(*family, (each, port)) for each in ("127.0.0.3", "127.0.0.2", "127.0.0.1")]
        original = socket.getaddrinfo

        def resolve(host: str, *rest: Any, **more: Any) -> list[Any]:
            return found if host == "several.example" else original(host, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        several = url.replace("127.0.0.1", "several.example")
        assert _get(several, "127.0.0.2", "127.0.0.1") == "here"


def test_a_name_that_nobody_has_is_a_connection_error() -> None:
    with pytest.raises(httpx2.ConnectError, match=r"no address for nowhere\.invalid"):
        _get("http://nowhere.invalid/")
