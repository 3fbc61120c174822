"""What the answers of a service mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.stand_ins.responses import responded

from park.client.access.address import Address
from park.client.access.answers import checked, explained, json_of, reached, sendable
from park.client.access.http.exchange import NoAnswer
from park.errors import (
    NotAuthenticated,
    NotPermitted,
    ParkError,
    ServiceFault,
    ServiceUnreachable,
    UsageError,
)

HERE = Address(url="http://one.example", token=None)
PROBLEM = {"content-type": "application/problem+json; charset=utf-8"}


def test_json_is_sent_as_bytes_beside_what_else_is_said() -> None:
    plain: dict[str, Any] = {"params": {"n": 1}}
    assert sendable(plain) is plain
    sent = sendable({"json": {"a": "\ud800"}, "params": {"n": 1}})
    assert sent["content"] == b'{"a":"\\ud800"}'
    assert sent["params"] == {"n": 1}


def test_what_a_proxy_says_is_no_answer_and_what_the_service_says_is() -> None:
    for status in (502, 503, 504):
        with pytest.raises(NoAnswer, match=f"a proxy says {status}"):
            reached(responded(status, b"<h1>"))
        assert reached(responded(status, b"{}", PROBLEM)).status_code == status
    assert reached(responded(500, b"")).status_code == 500


def test_an_error_is_the_one_that_is_described() -> None:
    fine = responded(200, b"{}")
    assert checked(HERE, fine) is fine
    document = b'{"type": "urn:park:problem:not-permitted", "detail": "not yours", "hint": "ask"}'
    with pytest.raises(NotPermitted, match="not yours"):
        checked(HERE, responded(403, document, PROBLEM))


def test_who_is_to_log_in_is_told_where() -> None:
    document = b'{"detail": "no token", "hint": "log in: park login URL; or do not"}'
    for url in ("https://one.example", "https://one.example/lab"):
        here = Address(url=url, token=None)
        for path in ("/api/v1/jobs?a=/api/v1", "/simple/numpy/"):
            with pytest.raises(NotAuthenticated) as told:
                checked(here, replace(responded(401, document, PROBLEM), url=url + path))
            assert told.value.hint == f"log in: park login {url}; or do not"


@pytest.mark.parametrize(
    ("status", "content", "kind", "words"),
    [
        (404, b"nothing\nhere", ServiceFault, ": nothing here"),
        (404, b"<!DOCTYPE HTML>\n<TITLE>No\npage</TITLE>", ServiceFault, ": No page"),
        (404, b'{"detail":"Not Found"}', ServiceFault, ': {"detail":"Not Found"}'),
        (403, b"", NotPermitted, ""),
        (413, b"x" * 101, UsageError, f": {'x' * 100}"),
    ],
    ids=["text", "page", "json", "empty", "long"],
)
def test_another_program_at_the_url_is_told_as_one(
    status: int, content: bytes, kind: type[ParkError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        checked(HERE, responded(status, content, {"content-type": "application/json"}))
    assert type(caught.value) is kind, "what it does not have, no service was asked for"
    said = f"http://one.example/x answered {status}, and not as a service of park does"
    assert str(caught.value) == said + words
    assert "is this the URL of a park service" in (caught.value.hint or "")


def test_what_is_no_json_is_told_with_its_place() -> None:
    with pytest.raises(ServiceFault, match=r"http://one\.example/x answered 200 without JSON"):
        json_of(HERE, "/x", responded(200, b"<html>"))


def test_no_answer_is_an_unreachable_service() -> None:
    with (
        pytest.raises(ServiceUnreachable, match=r"nothing answers at http://one\.example: cut"),
        explained(HERE),
    ):
        raise NoAnswer("cut")
