"""What opens a URL: exactly one of three, and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from support.stand_ins.job_service import JobService

from park.client.credentials import credentials
from park.errors import UsageError


def test_a_token_is_a_bearers_and_a_password_is_basic() -> None:
    assert credentials(token="t0ken").authorization == "Bearer t0ken"
    assert credentials(user="ada", password="p").authorization == "Basic YWRhOnA="
    assert credentials(user="", password="ü:").authorization == "Basic OsO8Og=="


def test_a_service_opens_by_a_grant_and_nothing_is_sent_of_it() -> None:
    service = JobService().service
    found = credentials(service=service)
    assert (found.service, found.authorization) == (service, None)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"user": "ada"},
        {"password": "p"},
        {"token": "t", "user": "ada", "password": "p"},
        {"token": "t", "service": "sns"},
        {"service": "sns", "password": "p"},
    ],
    ids=str,
)
def test_anything_but_exactly_one_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a service, a token, or a user with a password"):
        credentials(**given)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "tökén", ""])
def test_what_no_header_can_hold_is_no_token_and_is_not_shown(token: str) -> None:
    with pytest.raises(UsageError, match="the token is empty, or has spaces") as caught:
        credentials(token=token)
    assert not token or token not in str(caught.value)


def test_no_secret_is_in_its_text() -> None:
    shown = f"{credentials(token='t0ken')!r} {credentials(user='ada', password='p')!r}"
    assert "t0ken" not in shown
    assert "YWRhOnA=" not in shown
