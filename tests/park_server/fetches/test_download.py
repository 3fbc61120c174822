"""One file on its way: what is asked, what an answer is taken for, and when it is asked again."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from park.errors import (
    CannotSatisfy,
    NoRoom,
    NotPermitted,
    ParkError,
    ServiceFault,
    ServiceUnreachable,
    TooLarge,
)
from park.wire import FetchRequest
from park_server.fetch_target import target_of
from park_server.fetches.answers import Known
from park_server.fetches.download import Download, client_of
from park_server.fetches.fetch_progress import Progress
from park_server.fetches.fetch_rows import Before
from park_server.fetches.partial import Partial, Partials, Source
from park_server.fetches.patience import Patience

URL = "https://h/run.refl"
MIRROR = "https://mirror/run.refl"
ETAG: dict[str, Any] = {"etag": '"v1"'}


def named(headers: dict[str, Any]) -> dict[str, Any]:
    """Return headers whose names are no names of Python."""
    return headers


class Stream(httpx2.AsyncByteStream):
    """A body as it comes, whose connection may break."""

    def __init__(self, content: bytes, *, breaks: bool) -> None:
        self.content = content
        self.breaks = breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.content
        if self.breaks:
            raise httpx2.ReadError("reset")


def answer(
    content: bytes = b"", status: int = 200, *, breaks: bool = False, **headers: str
) -> httpx2.Response:
    lengths = {"content-length": str(len(content))} | headers
    return httpx2.Response(status, stream=Stream(content, breaks=breaks), headers=lengths)


def cut(content: bytes, total: int) -> httpx2.Response:
    return answer(content, breaks=True, **named({"content-length": str(total)}), **ETAG)


class Lab:
    """Downloads whose servers give the next of some answers."""

    def __init__(self, folder: Path) -> None:
        self.partials = Partials(folder / "parts")
        self.progress = Progress(folder / "progress.jsonl")
        self.seen: list[httpx2.Request] = []
        self.pauses: list[float] = []
        self.most: float = math.inf
        self.admitted: list[int] = []

    async def admit(self, size: int) -> float:
        self.admitted.append(size)
        if size > self.most:
            raise NoRoom(f"no room for {size}")
        return self.most - size

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def run(
        self,
        *answers: httpx2.Response | Exception,
        part: bytes | None = None,
        before: Before | None = None,
        limit: int = 100,
        **asked: Any,
    ) -> tuple[Source | None, bytes]:
        """Download; return what it is, and the bytes that are here."""
        left: Iterator[httpx2.Response | Exception] = iter(answers)

        def respond(request: httpx2.Request) -> httpx2.Response:
            self.seen.append(request)
            found = next(left)
            if isinstance(found, Exception):
                raise found
            return found

        async def once() -> Source | None:
            async with client_of(httpx2.MockTransport(respond)) as client:
                with self.partials.of("job", limit) as partial:
                    if part is not None:
                        partial.restart(source(), is_coded=False)
                        partial.append(part)
                    return await Download(
                        client=client,
                        target=target_of(FetchRequest(url=URL, **asked)),
                        partial=partial,
                        progress=self.progress,
                        patience=Patience(pause=self.pause),
                        limit=limit,
                        admit=self.admit,
                        before=before,
                    ).run()

        found = asyncio.run(once())
        assert next(left, None) is None, "not all was asked for"
        path = self.partials.of("job", limit).path
        return found, path.read_bytes() if path.exists() else b""

    def header(self, name: str) -> list[str | None]:
        return [request.headers.get(name) for request in self.seen]


def source(validator: str = '"v1"', place: str = URL) -> Source:
    return Source(
        place=place,
        name="run.refl",
        validator=validator,
        etag=validator,
        last_modified=None,
        total=None,
    )


def before(place: str = URL) -> Before:
    known = Known(etag='"v1"', last_modified=None)
    return Before(sha256="ab", size=3, name="run.refl", place=place, known=known)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_what_comes_is_kept_with_what_was_said_of_it(lab: Lab) -> None:
    disposition = 'attachment; filename="../night 1.refl"'
    found, content = lab.run(answer(b"012", **ETAG, **named({"content-disposition": disposition})))
    assert content == b"012"
    assert found is not None
    assert (found.name, found.etag, found.place) == ("night 1.refl", '"v1"', URL)
    assert lab.header("accept-encoding") == ["identity"]
    assert lab.header("range") == [None]


def test_what_is_announced_and_what_comes_is_counted(lab: Lab) -> None:
    lab.run(answer(b"012", **ETAG))
    assert lab.admitted == [3, 3]
    lab.admitted.clear()
    lab.run(httpx2.Response(200, stream=Stream(b"0123", breaks=False)))
    assert lab.admitted == [4]


def test_no_more_comes_than_there_is_room_for_by_now(lab: Lab) -> None:
    lab.most = 2
    with pytest.raises(NoRoom, match="no room for 3"):
        lab.run(answer(b"012", **ETAG))


def test_a_cut_goes_on_where_it_was(lab: Lab) -> None:
    rest = answer(b"34", 206, **ETAG, **named({"content-range": "bytes 3-4/5"}))
    _, content = lab.run(cut(b"012", 5), rest)
    assert content == b"01234"
    assert lab.header("range") == [None, "bytes=3-"]
    assert lab.header("if-range") == [None, '"v1"']
    assert len(lab.pauses) == 1


def test_a_part_that_was_here_is_gone_on_with(lab: Lab) -> None:
    rest = answer(b"34", 206, **ETAG, **named({"content-range": "bytes 3-4/5"}))
    assert lab.run(rest, part=b"012")[1] == b"01234"


def test_a_part_of_what_has_changed_is_no_part(lab: Lab) -> None:
    assert lab.run(answer(b"new", etag='"v2"'), part=b"012")[1] == b"new"
    assert lab.header("range") == ["bytes=3-"]


def test_a_range_that_is_another_one_is_asked_for_from_the_start(lab: Lab) -> None:
    other = answer(b"99", 206, **ETAG, **named({"content-range": "bytes 7-8/9"}))
    assert lab.run(other, answer(b"new", **ETAG), part=b"012")[1] == b"new"
    assert lab.header("range") == ["bytes=3-", None]
    assert lab.pauses == []  # that is no failure: it is asked at once


def test_less_than_was_announced_is_a_cut(lab: Lab) -> None:
    short = answer(
        b"3", 206, **ETAG, **named({"content-range": "bytes 3-4/5", "content-length": "1"})
    )
    rest = answer(b"4", 206, **ETAG, **named({"content-range": "bytes 4-4/5"}))
    assert lab.run(short, rest, part=b"012")[1] == b"01234"
    assert lab.header("range") == ["bytes=3-", "bytes=4-"]


# -- what is here already


def test_what_has_not_changed_is_not_sent_again(lab: Lab) -> None:
    assert lab.run(answer(status=304), before=before()) == (None, b"")
    assert lab.header("if-none-match") == ['"v1"']


def test_a_question_is_only_for_the_place_that_it_was_at(lab: Lab) -> None:
    elsewhere = answer(status=302, location=MIRROR)
    assert lab.run(elsewhere, answer(status=304), before=before(MIRROR))[0] is None
    assert lab.header("if-none-match") == [None, '"v1"']


def test_an_answer_to_a_question_that_was_not_asked_is_none(lab: Lab) -> None:
    with pytest.raises(CannotSatisfy, match="304 Not Modified, which was not asked"):
        lab.run(answer(status=304))


# -- credentials


def test_credentials_go_where_they_are_for_and_no_further(lab: Lab) -> None:
    elsewhere = answer(status=302, location=MIRROR)
    lab.run(elsewhere, answer(b"x"), authorization="Bearer secret")
    assert lab.header("authorization") == ["Bearer secret", None]


def test_a_closed_door_says_that_credentials_were_withheld(lab: Lab) -> None:
    with pytest.raises(NotPermitted) as caught:
        lab.run(answer(status=401), authorization="Bearer x", origin="https://other")
    assert "the credentials are for https://other" in str(caught.value.hint)


# -- what is asked again, and what is not


def test_who_is_busy_is_asked_when_it_said(lab: Lab) -> None:
    assert lab.run(answer(status=503, **named({"retry-after": "7"})), answer(b"x"))[1] == b"x"
    assert lab.pauses == [7.0]


def test_a_fault_that_passes_is_waited_for(lab: Lab) -> None:
    assert lab.run(httpx2.ConnectError("refused"), answer(b"x"))[1] == b"x"
    assert len(lab.pauses) == 1


def test_patience_has_an_end_and_says_so(lab: Lab) -> None:
    with pytest.raises(ServiceUnreachable, match=r"\(attempt \d+\)"):
        lab.run(*[httpx2.ConnectError("refused") for _ in range(20)])
    assert 1 < len(lab.seen) < 20


def test_what_will_not_heal_is_told_at_once(lab: Lab) -> None:
    with pytest.raises(ParkError, match="404"):
        lab.run(answer(status=404))
    assert lab.pauses == []


# -- limits


@pytest.mark.parametrize("is_announced", [True, False])
def test_what_is_too_large_is_not_taken(lab: Lab, *, is_announced: bool) -> None:
    large = answer(b"x" * 11)
    if not is_announced:
        del large.headers["content-length"]
    with pytest.raises(TooLarge, match=URL):
        lab.run(large, limit=10)


def test_room_is_looked_for_before_it_is_used(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2))
    with pytest.raises(CannotSatisfy, match="3 bytes; 2 are free"):
        lab.run(answer(b"012"))
    rest = answer(b"34", 206, **ETAG, **named({"content-range": "bytes 3-4/5"}))
    assert lab.run(rest, part=b"012")[1] == b"01234"  # two bytes more are enough


@pytest.mark.parametrize(
    ("error", "kind", "line"),
    [(28, CannotSatisfy, "no space left"), (5, ServiceFault, "the service cannot keep")],
)
def test_a_disk_that_takes_nothing_is_told(
    lab: Lab,
    monkeypatch: pytest.MonkeyPatch,
    error: int,
    kind: type[ParkError],
    line: str,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, "it failed")

    monkeypatch.setattr(Partial, "append", refuse)
    with pytest.raises(kind, match=line):
        lab.run(answer(b"012"))


def test_what_is_no_gzip_is_told(lab: Lab) -> None:
    with pytest.raises(CannotSatisfy, match="not in the coding gzip"):
        lab.run(answer(b"plain", **named({"content-encoding": "gzip"})))


def test_how_far_it_is_is_told(lab: Lab, tmp_path: Path) -> None:
    lab.run(answer(b"012"))
    last = (tmp_path / "progress.jsonl").read_text().splitlines()[-1]
    assert '"done": 3, "total": 3' in last
