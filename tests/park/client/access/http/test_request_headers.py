from __future__ import annotations

from http.client import HTTPMessage

import pytest
from support.stand_ins.responses import responded

from park.client.access.address import Address
from park.client.access.answers import checked
from park.client.access.http.request_headers import marks, require_understood
from park.errors import ApiMismatch
from park.wire.api_version import HEADER, HERE


def test_each_request_says_its_api_and_has_an_id_of_its_own() -> None:
    one, other = marks({}), marks({})
    assert one[HEADER] == other[HEADER] == str(HERE)
    assert one["X-Request-Id"] != other["X-Request-Id"]


@pytest.mark.parametrize(
    ("environ", "known"),
    [
        ({"PARK_REQUEST_ID": "of-the-job"}, "of-the-job"),
        ({"TRACEPARENT": f"00-{'ab' * 16}-{'cd' * 8}-01", "PARK_REQUEST_ID": "x"}, "ab" * 16),
        ({"TRACEPARENT": "nothing", "PARK_REQUEST_ID": "x"}, "x"),
    ],
)
def test_in_a_trace_and_in_a_job_it_is_the_id_of_that(environ: dict[str, str], known: str) -> None:
    assert marks(environ)["X-Request-Id"] == known


@pytest.mark.parametrize("text", [None, "curl", str(HERE), "2; oldest=1; release=0.2.0"])
def test_who_understands_us_or_says_nothing_is_asked_on(text: str | None) -> None:
    headers = HTTPMessage()
    if text is not None:
        headers[HEADER] = text
    require_understood(headers)


def test_the_answer_of_a_stranger_is_an_error_whatever_it_says() -> None:
    for status in (200, 404):
        answer = responded(status, b"{}", {"park-api": "9; oldest=8; release=2.0"})
        with pytest.raises(ApiMismatch, match=r"park 2\.0, none before 8") as error:
            checked(Address(url="http://one.example", token=None), answer)
        assert "park-dist>=2.0" in str(error.value.hint)
