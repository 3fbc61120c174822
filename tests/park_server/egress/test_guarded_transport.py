"""Which addresses the service connects to, decided on the connection that is really made."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from support.neighbours.index_server import serving

from park.errors import NotPermitted
from park_server.egress.addresses import AddressPolicy
from park_server.egress.guarded_transport import GuardedSyncTransport, GuardedTransport

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def test_another_port_of_an_allowed_address_is_not_reached(url: str) -> None:
    port = int(url.rpartition(":")[2])
    assert _get(url, f"127.0.0.1:{port}") == "here"
    with pytest.raises(NotPermitted, match=f"allowed, but not its port {port}") as caught:
        _get(url, "127.0.0.1:1")
    assert f"127.0.0.1:{port} for that port alone" in str(caught.value.hint)


def test_a_public_address_of_this_machine_is_not_reached(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as if the one interface that a test can count on were a public one
    monkeypatch.setattr(AddressPolicy, "allows", _allows_all_but_its_own)
    monkeypatch.setattr(AddressPolicy, "has", lambda *_: False)
    with pytest.raises(NotPermitted, match="is one of its own machine"):
        _get(url)


def _allows_all_but_its_own(
    _policy: AddressPolicy, _address: Any, _port: int, _host: str = "", *, is_own: bool = False
) -> bool:
    return not is_own


def test_threads_are_held_to_the_same(url: str) -> None:
    port = int(url.rpartition(":")[2])
    for allowed, spelling in ((["127.0.0.1:1"], "127.0.0.1"), ([], "localhost")):
        policy = AddressPolicy.of(allowed)
        with (
            httpx2.Client(transport=GuardedSyncTransport(policy)) as client,
            pytest.raises(NotPermitted, match=r"127\.0\.0\.1|::1"),
        ):
            client.get(url.replace("127.0.0.1", spelling))
    policy = AddressPolicy.of([f"127.0.0.1:{port}"])
    with httpx2.Client(transport=GuardedSyncTransport(policy)) as client:
        assert client.get(url).text == "here"


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


def test_no_authority_is_read_before_there_is_a_connection(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts: list[ssl.SSLContext] = []
    make = httpx2.create_ssl_context

    def watched() -> ssl.SSLContext:
        contexts.append(make())
        return contexts[-1]

    monkeypatch.setattr(httpx2, "create_ssl_context", watched)
    policy = AddressPolicy.of([f"127.0.0.1:{url.rpartition(':')[2]}"])

    asyncio.run(GuardedTransport(policy).aclose())
    GuardedSyncTransport(policy).close()
    assert contexts == []
    with httpx2.Client(transport=GuardedSyncTransport(policy)) as client:
        assert [client.get(url).text for _ in range(2)] == ["here", "here"]
    assert len(contexts) == 1
