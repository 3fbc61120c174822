"""`park_server.sealing.kept_request`: what of a request is written down only sealed."""

from __future__ import annotations

from typing import Any

import pytest

from park.wire import FETCH, FetchRequest, HeldGrant, JobRequest, encode
from park_server.sealing.kept_request import kept_request

NODE = {"!": "reference"}


def seal(text: str) -> str:
    return f"sealed({len(text)})"


def request(**more: Any) -> JobRequest:
    return JobRequest(id="j", entry_point=FETCH, call={"args": []}, **more)


def fetch(url: Any, **more: Any) -> JobRequest:
    return request(fetch=FetchRequest(url=url, **more))


@pytest.mark.parametrize(
    ("asked", "authorization"),
    [
        (fetch("https://h/x", authorization="Bearer secret"), seal("Bearer secret")),
        (fetch("https://ada:secret@h/x"), seal("Basic YWRhOnNlY3JldA==")),
        (fetch("https://ada:secret@h/x", authorization="Bearer token"), seal("Bearer token")),
        (fetch(NODE, authorization="Bearer secret"), seal("Bearer secret")),
    ],
)
def test_what_opens_a_file_is_sealed(asked: JobRequest, authorization: str) -> None:
    kept = kept_request(asked, seal)
    assert kept.fetch is not None
    assert kept.fetch.authorization == authorization
    assert "secret" not in str(encode(kept))


def test_what_looks_sealed_is_sealed_all_the_same() -> None:
    kept = kept_request(fetch("https://h/x", authorization="park-sealed-00000000-AA"), seal)
    assert kept.fetch is not None
    assert kept.fetch.authorization == seal("park-sealed-00000000-AA")


def test_the_tokens_of_grants_are_sealed() -> None:
    grants = [HeldGrant(service="https://h", token="secret", holder="key", bounced="g")]
    (kept,) = kept_request(request(grants=grants), seal).grants
    assert kept == HeldGrant(service="https://h", token=seal("secret"), holder="key", bounced="g")


@pytest.mark.parametrize("asked", [request(), fetch("https://h/x"), fetch(NODE)])
def test_where_nothing_is_secret_it_is_the_same(asked: JobRequest) -> None:
    assert kept_request(asked, seal) is asked
