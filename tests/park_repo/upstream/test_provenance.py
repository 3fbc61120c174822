"""What attests to a file of another index: asked for each time, whole, and nothing else sent on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import pytest

from park.errors import UnknownItem, UpstreamFault
from park_repo.upstream.provenance import brought
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from park_repo.simple import Document

URL = "https://mirror.example/integrity/demo/1.0/demo-1.0.tar.gz/provenance"
FILE: Document = {"filename": "demo-1.0.tar.gz", "provenance": URL}
BODY = b'{"version": 1, "attestation_bundles": [{"publisher": {"kind": "x"}}]}'


def asked(answer: httpx2.Response, file: Document = FILE) -> tuple[bytes, list[httpx2.Request]]:
    requests: list[httpx2.Request] = []

    def given(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return answer

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(given))
    source = Upstream("https://mirror.example/simple/", login=("ada", "secret"), client=client)
    return asyncio.run(brought(source, file)), requests


def test_the_object_comes_byte_for_byte_with_the_login_of_its_index() -> None:
    body, (request,) = asked(httpx2.Response(200, content=BODY))
    assert body == BODY
    assert str(request.url) == URL
    assert request.headers["authorization"].startswith("Basic ")


def test_no_other_host_is_shown_the_login() -> None:
    elsewhere = {**FILE, "provenance": "https://other.example/p"}
    _, (request,) = asked(httpx2.Response(200, content=BODY), elsewhere)
    assert "authorization" not in request.headers


def test_what_no_page_names_is_unknown_and_asked_of_nobody() -> None:
    with pytest.raises(UnknownItem, match=r"says nothing of what attests to demo-1\.0\.tar\.gz"):
        asked(httpx2.Response(200, content=BODY), {"filename": "demo-1.0.tar.gz"})


@pytest.mark.parametrize("status", [404, 410])
def test_one_that_is_not_there_is_unknown(status: int) -> None:
    with pytest.raises(UnknownItem, match="not there, though its index names it"):
        asked(httpx2.Response(status))


@pytest.mark.parametrize("status", [204, 302, 403, 500, 503])
def test_another_answer_is_a_fault_of_the_index(status: int) -> None:
    with pytest.raises(UpstreamFault, match=f"answered {status}; expected 200"):
        asked(httpx2.Response(status))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"attestation_bundles": 1}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_provenance_object_is_not_sent_on(body: bytes) -> None:
    with pytest.raises(UpstreamFault, match="no provenance object"):
        asked(httpx2.Response(200, content=body))


def test_one_without_end_is_given_up() -> None:
    with pytest.raises(UpstreamFault, match="more than 4,194,304 bytes"):
        asked(httpx2.Response(200, content=b" " * (5 << 20)))
