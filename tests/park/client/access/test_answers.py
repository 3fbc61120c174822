"""What the answers of a service mean."""

from __future__ import annotations

from typing import Any

import pytest
from support.services.responses import responded

from park.client.access.address import Address
from park.client.access.answers import checked, explained, json_of, reached, sendable
from park.client.access.http.exchange import NoAnswer
from park.errors import NotPermitted, ParkError, ServiceFault, ServiceUnreachable

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
    assert checked(fine) is fine
    document = b'{"type": "urn:park:problem:not-permitted", "detail": "not yours", "hint": "ask"}'
    with pytest.raises(NotPermitted, match="not yours"):
        checked(responded(403, document, PROBLEM))
    with pytest.raises(ParkError, match=r"one\.example/x answered 404: ..nothing"):
        checked(responded(404, b"nothing\nhere"))


def test_what_is_no_json_is_told_with_its_place() -> None:
    with pytest.raises(ServiceFault, match=r"http://one\.example/x answered 200 without JSON"):
        json_of(HERE, "/x", responded(200, b"<html>"))


def test_no_answer_is_an_unreachable_service() -> None:
    with (
        pytest.raises(ServiceUnreachable, match=r"nothing answers at http://one\.example: cut"),
        explained(HERE),
    ):
        raise NoAnswer("cut")
