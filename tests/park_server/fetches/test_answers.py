"""What answers mean, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from park.errors import CannotSatisfy, NotPermitted, ServiceUnreachable, UnknownItem
from park_server.fetches.answers import (
    Again,
    Answer,
    Body,
    Elsewhere,
    FromStart,
    Held,
    Nothing,
    Whole,
    judged,
    retry_after_s,
    validator,
)

DATE = "Tue, 14 Nov 2023 22:13:21 GMT"
SECOND_BEFORE = "Tue, 14 Nov 2023 22:13:20 GMT"
HELD = Held(size=10, validator='"v1"')


def read(status: int, held: Held | None = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return judged(status, named, url="https://h/x", held=held)


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (206, {"content_range": "bytes 10-99/100"}, (10, 100)),
        (206, {"content_range": "bytes 10-99/*"}, (10, None)),
        (206, {"content_range": "bytes 10-99/100", "etag": '"v1"'}, (10, 100)),
        (206, {"content_range": "bytes 10-99/100", "etag": '"v2"'}, FromStart()),
        (206, {"content_range": "bytes 0-99/100"}, FromStart()),
        (206, {"content_range": "lines 10-99/100"}, FromStart()),
        (206, {}, FromStart()),
        (206, {"content_range": "bytes 10-99/100", "content_encoding": "gzip"}, FromStart()),
        (416, {"content_range": "bytes */10"}, Whole()),
        (416, {"content_range": "bytes */9"}, FromStart()),
        (416, {}, FromStart()),
    ],
)
def test_answers_to_a_range(status: int, headers: dict[str, str], answer: Any) -> None:
    if isinstance(answer, tuple):
        start, total = answer
        answer = Body(start=start, total=total, validator='"v1"', is_coded=False)
    assert read(status, HELD, **headers) == answer


@pytest.mark.parametrize("held", [None, HELD])
def test_200_is_the_whole_whatever_was_asked(held: Held | None) -> None:
    assert read(200, held, content_length="100", etag='"v2"') == Body(
        start=0, total=100, validator='"v2"', is_coded=False
    )


def test_what_is_coded_is_not_resumed() -> None:
    found = read(200, content_length="100", etag='"v"', content_encoding="GZIP")
    assert found == Body(start=0, total=100, validator=None, is_coded=True)
    with pytest.raises(CannotSatisfy, match="in the coding 'br', although none was asked for"):
        read(200, content_encoding="br")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"etag": '"v"'}, '"v"'),
        ({"etag": 'W/"v"'}, None),
        ({"etag": 'W/"v"', "last-modified": SECOND_BEFORE, "date": DATE}, None),
        ({"last-modified": SECOND_BEFORE, "date": DATE}, SECOND_BEFORE),
        ({"last-modified": DATE, "date": DATE}, None),
        ({"last-modified": SECOND_BEFORE}, None),
        ({"last-modified": "yesterday", "date": DATE}, None),
        ({}, None),
    ],
)
def test_what_is_good_for_if_range(headers: dict[str, str], expected: str | None) -> None:
    assert validator(headers) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3", 3), ("0", 0), (DATE, 1), ("soon", None), ("-1", None), ("", None), ("²", None)],
)
def test_how_long_to_wait(text: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": text, "date": SECOND_BEFORE}) == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(status: int) -> None:
    assert read(status, location="/y") == Elsewhere(location="/y")


def test_a_redirect_to_nowhere() -> None:
    with pytest.raises(CannotSatisfy, match="https://h/x answered 302"):
        read(302)


def test_304() -> None:
    assert read(304) == Nothing()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass(status: int) -> None:
    answer = read(status, retry_after="7")
    assert isinstance(answer, Again)
    assert isinstance(answer.error, ServiceUnreachable)
    assert f"https://h/x answered {status}" in str(answer.error)
    assert answer.after_s == 7


@pytest.mark.parametrize(
    ("status", "kind", "line"),
    [
        (401, NotPermitted, "https://h/x answered 401 Unauthorized"),
        (403, NotPermitted, "https://h/x answered 403 Forbidden"),
        (404, UnknownItem, "404 Not Found for https://h/x"),
        (410, UnknownItem, "410 Gone for https://h/x"),
        (400, CannotSatisfy, "https://h/x answered 400"),
        (206, CannotSatisfy, "https://h/x answered 206"),
        (416, CannotSatisfy, "https://h/x answered 416"),
        (501, CannotSatisfy, "https://h/x answered 501"),
    ],
)
def test_what_will_not_pass(status: int, kind: type[Exception], line: str) -> None:
    with pytest.raises(kind) as caught:
        read(status)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("path", "place"), [("snsdata/run.nxs", "/snsdata/run.nxs"), ("~/run.zip", "~/run.zip")]
)
def test_a_file_that_another_service_lacks_is_named_as_it_was_asked_for(
    path: str, place: str
) -> None:
    with pytest.raises(UnknownItem) as told:
        judged(404, {}, url=f"https://sns.example/park/api/v1/areas/files/{path}")
    assert told.value.message == (
        f"the service https://sns.example/park has no {place} (404 Not Found)"
    )
