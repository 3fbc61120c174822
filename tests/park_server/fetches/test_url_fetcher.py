"""Fetches from a real server that misbehaves."""

from __future__ import annotations

import asyncio
import errno
import gzip
import hashlib
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx2
import pytest
from sqlalchemy import insert, select
from support.labs.databases import database_at
from support.labs.user_room import UserRoom
from support.stand_ins.file_server import LAST_MODIFIED, Authority, FileServer, Served, file_server

from park.errors import (
    CannotSatisfy,
    NotPermitted,
    ParkError,
    ServiceUnreachable,
    TooLarge,
    UnknownItem,
    UsageError,
)
from park.model.ids import JobId
from park.wire import FetchRequest
from park_server.content import ContentStore
from park_server.db.tables import fetched, job_files, jobs
from park_server.egress.addresses import AddressPolicy
from park_server.egress.guarded_transport import GuardedTransport
from park_server.fetches import download
from park_server.fetches.partial import Partial
from park_server.fetches.url_fetcher import UrlFetcher
from park_server.jobs.seams import FetchedFile

JOB = "0190a5b0-0000-7000-8000-000000000001"
BODY = bytes(range(256)) * 4096 * 3 + b"end"  # three MiB and a little
SHA256 = hashlib.sha256(BODY).hexdigest()


class Lab:
    """A fetcher over a home of its own, whose pauses are noted and not waited for."""

    def __init__(self, folder: Path) -> None:
        self.database = database_at(folder)
        self.content = ContentStore(folder / "files")
        self.root = folder / "files" / "fetching"
        self.jobs = folder / "jobs"
        self.pauses: list[float] = []
        self.limit = 1 << 30
        self.allowed = ["127.0.0.1"]
        self.room = UserRoom()
        self.own: Any = None
        self.holders: set[str] = set()

    def fetcher(self) -> UrlFetcher:
        return UrlFetcher(
            database=self.database,
            content=self.content,
            root=self.root,
            jobs=self.jobs,
            transport=GuardedTransport(AddressPolicy.of(self.allowed)),
            limit=self.limit,
            room=self.room.begun,
            digest_of=lambda secret: hashlib.sha256(secret.encode()).hexdigest(),
            own=self.own,
            holds=lambda user, _: user in self.holders,
            pause=self._pause,
        )

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def fetch(self, url: str, *, user: str = "ada", **more: Any) -> FetchedFile:
        async def once() -> FetchedFile:
            fetcher = self.fetcher()
            try:
                return await fetcher.fetch(JobId(JOB), user, FetchRequest(url=url, **more))
            finally:
                await fetcher.aclose()

        return asyncio.run(once())

    def error(self, url: str, **more: Any) -> ParkError:
        with pytest.raises(ParkError) as caught:
            self.fetch(url, **more)
        assert self.left() == []
        assert "\n" not in str(caught.value)
        return caught.value

    def left(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir())

    def bytes_of(self, file: FetchedFile) -> bytes:
        return self.content.path_of(file.sha256).read_bytes()

    def progress(self) -> list[dict[str, Any]]:
        text = (self.jobs / JOB / "progress.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def add_job(self, status: str = "running", **values: Any) -> None:
        row = {
            "id": JOB,
            "user": "ada",
            "status": status,
            "entry_point": "park:fetch_url",
            "attempt": 1,
            "fresh": False,
            "restartable": False,
            "cancel_requested": False,
            "submitted": "2026-01-01T00:00:00Z",
            **values,
        }
        self.database.write(lambda connection: connection.execute(insert(jobs), row)).result()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as running:
        yield running


def ranges(server: FileServer) -> list[str | None]:
    return [seen.headers.get("range") for seen in server.seen]


def test_a_file_is_kept_by_content_under_a_safe_name(lab: Lab, server: FileServer) -> None:
    served = Served(content=BODY, disposition='attachment; filename="../run.refl"')
    url = server.serve("/data?id=3", served)
    file = lab.fetch(url)
    assert file == FetchedFile(url=url, sha256=SHA256, size=len(BODY), name="run.refl")
    assert lab.bytes_of(file) == BODY
    assert lab.left() == []
    assert server.seen[0].headers["accept-encoding"] == "identity"
    assert "authorization" not in server.seen[0].headers


def test_an_empty_file(lab: Lab, server: FileServer) -> None:
    file = lab.fetch(server.serve("/empty.txt", Served()))
    assert (file.name, file.size, lab.bytes_of(file)) == ("empty.txt", 0, b"")


def test_a_body_without_a_length_ends_with_the_connection(lab: Lab, server: FileServer) -> None:
    file = lab.fetch(server.serve("/x", Served(content=BODY, declared=-1)))
    assert lab.bytes_of(file) == BODY


# resumed after cuts


@pytest.mark.parametrize(("etag", "date"), [('"v1"', None), (None, LAST_MODIFIED)])
def test_a_cut_is_resumed_where_it_was(
    lab: Lab, server: FileServer, etag: str | None, date: str | None
) -> None:
    served = Served(content=BODY, cuts=[1_500_000, 700_000], etag=etag, last_modified=date)
    file = lab.fetch(server.serve("/x", served), sha256=SHA256.upper())
    assert lab.bytes_of(file) == BODY
    assert ranges(server) == [None, "bytes=1500000-", "bytes=2200000-"]
    assert server.seen[1].headers["if-range"] == (etag or date)
    assert lab.pauses == [0.5, 0.5]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_validator_it_starts_again(
    lab: Lab, server: FileServer, etag: str | None
) -> None:
    file = lab.fetch(server.serve("/x", Served(content=BODY, cuts=[1_500_000], etag=etag)))
    assert lab.bytes_of(file) == BODY
    assert ranges(server) == [None, None]


def test_a_server_without_ranges_starts_again(lab: Lab, server: FileServer) -> None:
    served = Served(content=BODY, cuts=[1_500_000], etag='"v1"', ranges=False)
    file = lab.fetch(server.serve("/x", served))
    assert lab.bytes_of(file) == BODY
    assert ranges(server) == [None, "bytes=1500000-"]


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_a_file_that_changes_in_between_is_fetched_anew(
    lab: Lab, server: FileServer, *, heeds_if_range: bool
) -> None:
    served = Served(content=BODY, cuts=[1_500_000], etag='"v1"', heeds_if_range=heeds_if_range)
    other = BODY[::-1]

    async def changes(_seconds: float) -> None:
        served.content, served.etag = other, '"v2"'

    lab._pause = changes  # type: ignore[method-assign,assignment]
    file = lab.fetch(server.serve("/x", served))
    assert lab.bytes_of(file) == other


def test_a_file_that_became_shorter_is_fetched_anew(lab: Lab, server: FileServer) -> None:
    served = Served(content=BODY, cuts=[1_500_000], etag='"v1"')

    async def changes(_seconds: float) -> None:
        served.content = b"short"  # and the ETag says that it has not changed

    lab._pause = changes  # type: ignore[method-assign,assignment]
    file = lab.fetch(server.serve("/x", served))
    assert lab.bytes_of(file) == b"short"
    assert ranges(server) == [None, "bytes=1500000-", None]


def test_a_server_that_gives_less_than_the_range_is_asked_on(lab: Lab, server: FileServer) -> None:
    served = Served(content=BODY, cuts=[1_000_000], etag='"v1"', one_range=900_000)
    assert lab.bytes_of(lab.fetch(server.serve("/x", served))) == BODY
    assert ranges(server)[1:] == ["bytes=1000000-", "bytes=1900000-", "bytes=2800000-"]


def test_a_length_that_is_a_lie_ends_in_one_line(lab: Lab, server: FileServer) -> None:
    url = server.serve("/x", Served(content=b"short", declared=100))
    server.files["/x"].cuts = [5] * 10
    error = lab.error(url)
    assert isinstance(error, ServiceUnreachable)
    assert str(error).startswith(f"{url} was cut off: ")
    assert str(error).endswith("(attempt 5)")
    assert lab.pauses == [0.5, 1.0, 2.0, 4.0]


def test_bytes_that_come_renew_the_patience(lab: Lab, server: FileServer) -> None:
    served = Served(content=BODY, cuts=[300_000] * 9, etag='"v1"')
    assert lab.bytes_of(lab.fetch(server.serve("/x", served))) == BODY
    assert lab.pauses == [0.5] * 9


# a cut by the end of the process itself


def left_behind(lab: Lab, server: FileServer, served: Served) -> str:
    """Let a fetch of ``served`` be cut off by the stop of the service; return the URL."""
    url = server.serve("/x", served)
    lab.add_job()

    append, written = Partial.append, threading.Event()

    def append_and_tell(partial: Partial, block: bytes) -> None:
        append(partial, block)
        written.set()

    async def stopped() -> None:
        fetcher = lab.fetcher()
        fetch = asyncio.create_task(fetcher.fetch(JobId(JOB), "ada", FetchRequest(url=url)))
        assert await asyncio.to_thread(written.wait, 30)
        fetcher.stop()
        fetch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetch
        await fetcher.aclose()

    served.held = threading.Event()
    served.cuts = [2_500_000]
    with patch.object(Partial, "append", append_and_tell):
        asyncio.run(stopped())
    served.held.set()
    served.held, served.cuts = None, []
    server.seen.clear()
    return url


def test_what_a_stop_left_is_resumed(lab: Lab, server: FileServer) -> None:
    url = left_behind(lab, server, Served(content=BODY, etag='"v1"'))
    size = (lab.root / f"{JOB}.part").stat().st_size
    assert 1 << 20 <= size < len(BODY)
    lab.fetcher().sweep()
    assert lab.bytes_of(lab.fetch(url)) == BODY
    assert ranges(server) == [f"bytes={size}-"]
    assert lab.left() == []


@pytest.mark.parametrize("damage", ["note", "boot", "nothing"])
def test_what_cannot_be_trusted_is_not_resumed(lab: Lab, server: FileServer, damage: str) -> None:
    served = Served(content=BODY, etag=None if damage == "nothing" else '"v1"')
    url = left_behind(lab, server, served)
    note = lab.root / f"{JOB}.json"
    if damage == "note":
        note.write_text("{")
    elif damage == "boot":
        note.write_text(json.dumps({**json.loads(note.read_text()), "boot": "another"}))
    assert lab.bytes_of(lab.fetch(url)) == BODY
    assert ranges(server) == [None]


def test_a_part_that_was_not_the_beginning_is_found_out(lab: Lab, server: FileServer) -> None:
    url = left_behind(lab, server, Served(content=BODY, etag='"v1"'))
    with (lab.root / f"{JOB}.part").open("r+b") as file:
        file.write(b"damage")
    assert lab.bytes_of(lab.fetch(url, sha256=SHA256)) == BODY
    assert ranges(server)[1:] == [None]


def test_a_file_that_was_whole_already_is_not_sent_again(lab: Lab, server: FileServer) -> None:
    url = left_behind(lab, server, Served(content=BODY, etag='"v1"'))
    (lab.root / f"{JOB}.part").write_bytes(BODY)
    assert lab.bytes_of(lab.fetch(url, sha256=SHA256)) == BODY
    assert ranges(server) == [f"bytes={len(BODY)}-"]


def test_leftovers_of_jobs_that_ended_are_swept(lab: Lab, server: FileServer) -> None:
    left_behind(lab, server, Served(content=BODY, etag='"v1"'))
    (lab.root / "unknown.part").write_bytes(b"x")
    (lab.root / "unknown.json").write_bytes(b"{}")
    lab.fetcher().sweep()
    assert lab.left() == [f"{JOB}.json", f"{JOB}.part"]
    lab.database.write(lambda c: c.execute(jobs.update().values(status="cancelled"))).result()
    lab.fetcher().sweep()
    assert lab.left() == []


def test_a_cancelled_fetch_leaves_nothing(lab: Lab, server: FileServer) -> None:
    served = Served(content=BODY, etag='"v1"', cuts=[2_000_000], held=threading.Event())
    url = server.serve("/x", served)

    async def cancelled() -> None:
        fetcher = lab.fetcher()
        fetch = asyncio.create_task(fetcher.fetch(JobId(JOB), "ada", FetchRequest(url=url)))
        await asyncio.to_thread(served.reached.wait, 30)
        fetch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetch
        await fetcher.aclose()

    asyncio.run(cancelled())
    assert served.held is not None
    served.held.set()
    assert lab.left() == []


@pytest.mark.parametrize(("retries", "is_kept"), [(1, True), (0, False)])
def test_what_came_is_kept_for_a_retry_of_the_job(
    lab: Lab, server: FileServer, retries: int, *, is_kept: bool
) -> None:
    served = Served(content=BODY, etag='"v1"', cuts=[2_000_000])
    url = server.serve("/x", served)
    lab.add_job(retries=retries, failures=0)

    async def goes_down(_seconds: float) -> None:
        served.first = [(503, {})] * 10

    lab._pause = goes_down  # type: ignore[method-assign,assignment]
    with pytest.raises(ServiceUnreachable, match="503 Service Unavailable"):
        lab.fetch(url)
    assert bool(lab.left()) is is_kept
    served.first = []
    assert lab.bytes_of(lab.fetch(url)) == BODY
    assert ranges(server)[-1] == ("bytes=2000000-" if is_kept else None)


# fetched before


def test_the_second_fetch_asks_whether_it_has_changed(lab: Lab, server: FileServer) -> None:
    served = Served(
        content=BODY, etag='"v1"', last_modified=LAST_MODIFIED, disposition="x; filename=a"
    )
    url = server.serve("/x", served)
    first = lab.fetch(url)
    assert lab.fetch(url) == first
    asked = server.seen[1].headers
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"v1"', LAST_MODIFIED)
    served.content, served.etag, served.last_modified = b"new", '"v2"', None
    assert lab.bytes_of(lab.fetch(url)) == b"new"
    assert server.seen[2].headers["if-none-match"] == '"v1"'
    lab.fetch(url)
    assert server.seen[3].headers["if-none-match"] == '"v2"'


@pytest.mark.parametrize("changed", ["user", "credential", "content", "sha256"])
def test_what_is_another_fetch_asks_without_conditions(
    lab: Lab, server: FileServer, changed: str
) -> None:
    weak = changed == "credential"
    url = server.serve("/x", Served(content=BODY, etag='W/"v1"' if weak else '"v1"'))
    first = lab.fetch(url)
    more: dict[str, Any] = {}
    if changed == "user":
        more["user"] = "bob"
    elif changed == "credential":
        more["authorization"] = "Bearer x"
    elif changed == "content":
        lab.content.path_of(first.sha256).unlink()
    else:
        more["sha256"] = "0" * 64
        lab.error(url, **more)
    if changed != "sha256":
        assert lab.bytes_of(lab.fetch(url, **more)) == BODY
    assert "if-none-match" not in server.seen[1].headers


def test_a_strong_etag_outlives_the_credential(lab: Lab, server: FileServer) -> None:
    served = Served(content=BODY, etag='"v1"', last_modified=LAST_MODIFIED, opens="Bearer 1")
    url = server.serve("/x", served)
    lab.fetch(url, authorization="Bearer 1")
    served.opens = "Bearer 2"
    lab.fetch(url, authorization="Bearer 2")
    asked = server.seen[1].headers
    assert (asked["if-none-match"], asked.get("if-modified-since")) == ('"v1"', None)
    assert isinstance(lab.error(url, authorization="Bearer 1"), NotPermitted)


def test_content_that_is_here_is_not_asked_for(lab: Lab, server: FileServer) -> None:
    url = server.serve("/x.dat", Served(content=BODY, etag='"v1"'))
    lab.fetch(url)
    file = lab.fetch(url + "?again", sha256=SHA256)
    assert (file.name, file.size, len(server.seen)) == ("x.dat", len(BODY), 1)


def test_a_digest_alone_opens_nothing_that_others_have(lab: Lab, server: FileServer) -> None:
    lab.fetch(server.serve("/secret", Served(content=BODY)))
    for user in ("bob", "eve"):
        with pytest.raises(ParkError):
            lab.fetch(f"{server.url}/nothing", user=user, sha256=SHA256)
    lab.add_job("completed", user="ada")
    row = {"job": JOB, "name": "x", "sha256": SHA256, "size": len(BODY)}
    lab.database.write(lambda c: c.execute(insert(job_files), row)).result()
    assert lab.fetch(f"{server.url}/nothing", sha256=SHA256).size == len(BODY)
    lab.holders = {"bob"}
    seen = len(server.seen)
    assert lab.fetch(f"{server.url}/nothing", user="bob", sha256=SHA256).size == len(BODY)
    assert len(server.seen) == seen


def test_a_condition_is_only_for_the_place_that_the_file_was_at(
    lab: Lab, server: FileServer
) -> None:
    server.serve("/a", Served(content=b"a", etag='"1"'))
    server.serve("/b", Served(content=b"b", etag='"1"'))
    url = server.serve("/latest", Served(first=[(302, {"Location": "/a?signed=1"})]))
    assert lab.bytes_of(lab.fetch(url)) == b"a"
    server.files["/latest"].first = [(302, {"Location": "/a?signed=2"})]
    assert lab.bytes_of(lab.fetch(url)) == b"a"
    assert server.seen[-1].headers["if-none-match"] == '"1"'
    server.files["/latest"].first = [(302, {"Location": "/b"})]
    assert lab.bytes_of(lab.fetch(url)) == b"b"


def test_two_at_once_download_once(lab: Lab, server: FileServer) -> None:
    url = server.serve("/x", Served(content=BODY, etag='"v1"'))

    async def both() -> None:
        fetcher = lab.fetcher()
        request = FetchRequest(url=url)
        files = await asyncio.gather(
            *(fetcher.fetch(JobId(f"job-{number}"), "ada", request) for number in range(3))
        )
        assert len({file.sha256 for file in files}) == 1
        await fetcher.aclose()

    asyncio.run(both())
    assert [seen.headers.get("if-none-match") for seen in server.seen] == [None, '"v1"', '"v1"']


# credentials


def test_credentials_open_a_file_and_are_written_nowhere(lab: Lab, server: FileServer) -> None:
    server.serve("/x", Served(content=BODY, etag='"v1"', opens="Basic YWRhOmh1bnRlcjI="))
    url = server.url.replace("http://", "http://ada:hunter2@") + "/x"
    file = lab.fetch(url)
    assert file.url == server.url + "/x"
    (row,) = lab.database.read(lambda c: c.execute(select(fetched)).all())
    assert "hunter2" not in str(row)
    assert "YWRh" not in str(row)


def test_a_closed_door_says_how_it_opens(lab: Lab, server: FileServer) -> None:
    url = server.serve("/x", Served(content=BODY, opens="Bearer right"))
    error = lab.error(url)
    assert (type(error), str(error)) == (NotPermitted, f"{url} answered 401 Unauthorized")
    assert "park.credentials" in (error.hint or "")
    error = lab.error(url, authorization="Bearer right", origin="https://elsewhere")
    assert (error.hint or "").startswith("the credentials are for https://elsewhere:443")


def test_credentials_do_not_follow_to_another_origin(lab: Lab, server: FileServer) -> None:
    with file_server(host="localhost") as other:
        lab.allowed.append("localhost")
        other.serve("/y", Served(content=BODY))
        url = server.serve("/x", Served(first=[(307, {"Location": f"{other.url}/y"})]))
        lab.fetch(url, authorization="Bearer secret")
        assert server.seen[0].headers["authorization"] == "Bearer secret"
        assert "authorization" not in other.seen[0].headers


# faults, each in one line


def test_redirects_are_followed_with_their_cookies(lab: Lab, server: FileServer) -> None:
    headers = {"Location": "/y", "Set-Cookie": "session=1; Path=/"}
    url = server.serve("/x", Served(first=[(302, headers)]))
    server.serve("/y", Served(first=[(302, {"Location": "/data.txt"})]))
    server.serve("/data.txt", Served(content=BODY))
    assert lab.fetch(url).name == "data.txt"
    assert server.seen[2].headers["cookie"] == "session=1"
    lab.fetch(server.url + "/data.txt", user="bob")
    assert "cookie" not in server.seen[3].headers


def test_a_loop_of_redirects(lab: Lab, server: FileServer) -> None:
    url = server.serve("/a", Served(first=[(302, {"Location": "/b"})] * 20))
    server.serve("/b", Served(first=[(302, {"Location": "/a"})] * 20))
    other = f"{server.url}/b"
    assert str(lab.error(url)) == f"a loop of redirects: {other} -> {url} -> {other}"
    assert len(server.seen) == 11


def test_a_wrong_digest(lab: Lab, server: FileServer) -> None:
    url = server.serve("/x", Served(content=BODY))
    error = lab.error(url, sha256="0" * 64)
    assert str(error) == (
        f"{url} is not the file that was asked for: expected SHA-256 {'0' * 64}, found {SHA256}"
    )
    with pytest.raises(UsageError, match="sha256='abc' is no SHA-256 in hex"):
        lab.fetch(url, sha256="abc")


@pytest.mark.parametrize("declared", [None, -1])
def test_too_large(lab: Lab, server: FileServer, declared: int | None) -> None:
    lab.limit = 1 << 20
    url = server.serve("/x", Served(content=BODY, declared=declared))
    error = lab.error(url)
    assert isinstance(error, TooLarge)
    assert str(error).startswith(f"{url}: the file has ")
    assert str(error).endswith("or more; this service fetches 1.0 MiB at most")
    assert "--fetch-limit" in (error.hint or "")


@pytest.mark.parametrize("declared", [None, -1])
def test_a_user_fetches_what_he_has_room_for(
    lab: Lab, server: FileServer, declared: int | None
) -> None:
    lab.room.most = len(BODY)
    assert lab.fetch(server.serve("/x", Served(content=BODY))).size == len(BODY)
    lab.room.most -= 1
    error = lab.error(server.serve("/y", Served(content=BODY + b"y", declared=declared)))
    assert lab.room.kept == [len(BODY)]
    assert str(error) == f"ada has room for {lab.room.most} bytes, and not for {len(BODY)}"


def test_a_file_of_ones_area_counts_while_it_is_copied(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(BODY)
    url = "http://here/api/v1/areas/files/~ada/own"
    lab.own = SimpleNamespace(
        of_job=lambda *_: None,
        in_area=lambda *_: (os.open(tmp_path / "own", os.O_RDONLY), "own"),
    )
    lab.room.most = len(BODY)
    assert lab.fetch(url).size == len(BODY)
    assert lab.room.kept == [len(BODY)]
    lab.room.most -= 1
    copied: list[Any] = []
    lab.content.copy = copied.append  # type: ignore[method-assign, assignment]
    error = lab.error(url)
    assert str(error) == f"ada has room for {lab.room.most} bytes, and not for {len(BODY)}"
    assert copied == []


def test_a_file_as_large_as_the_limit(lab: Lab, server: FileServer) -> None:
    lab.limit = len(BODY)
    assert lab.fetch(server.serve("/x", Served(content=BODY))).size == len(BODY)


def test_gzip_that_nobody_asked_for_is_undone(lab: Lab, server: FileServer) -> None:
    coded = gzip.compress(BODY)
    served = Served(content=coded, encoding="gzip", etag='"v1"', cuts=[1000])
    file = lab.fetch(server.serve("/x", served), sha256=SHA256)
    assert (file.size, lab.bytes_of(file)) == (len(BODY), BODY)
    assert ranges(server) == [None, None]


def test_a_gzip_bomb_is_stopped(lab: Lab, server: FileServer) -> None:
    lab.limit = 5 << 20
    coded = gzip.compress(bytes(100 << 20))
    error = lab.error(server.serve("/x", Served(content=coded, encoding="gzip")))
    assert isinstance(error, TooLarge)


def test_what_is_no_gzip(lab: Lab, server: FileServer) -> None:
    error = lab.error(server.serve("/x", Served(content=b"<html>", encoding="gzip")))
    assert "/x is not in the coding gzip, which it says it is" in str(error)


def test_not_found_is_not_asked_again(lab: Lab, server: FileServer) -> None:
    error = lab.error(server.url + "/absent?token=secret")
    assert (type(error), str(error)) == (UnknownItem, f"404 Not Found for {server.url}/absent?…")
    assert (len(server.seen), lab.pauses) == (1, [])


def test_a_server_that_is_busy_is_asked_when_it_said(lab: Lab, server: FileServer) -> None:
    busy = [(503, {"Retry-After": "3"}), (429, {"Retry-After": "0"}), (500, {})]
    url = server.serve("/x", Served(content=BODY, first=list(busy)))
    assert lab.bytes_of(lab.fetch(url)) == BODY
    assert lab.pauses == [3.0, 1.0, 2.0]


def test_a_server_that_is_busy_for_long(lab: Lab, server: FileServer) -> None:
    url = server.serve("/x", Served(first=[(503, {"Retry-After": "3600"})]))
    error = lab.error(url)
    assert str(error) == f"{url} answered 503 Service Unavailable, and asks to wait 3600 s"


def test_nobody_listens(lab: Lab) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    error = lab.error(f"http://127.0.0.1:{port}/x")
    assert isinstance(error, ServiceUnreachable)
    assert str(error) == (
        f"127.0.0.1:{port} refuses connections (http://127.0.0.1:{port}/x) (attempt 5)"
    )


def test_no_such_host(lab: Lab) -> None:
    error = lab.error("http://no-such-host.invalid/x")
    assert str(error).startswith("no host no-such-host.invalid is known (http://no-such-host")


def test_a_server_that_says_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUTS", httpx2.Timeout(0.05))
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        assert str(lab.error(url)) == f"{url} stalled: time-out (attempt 5)"


def test_a_private_address_is_refused(lab: Lab, server: FileServer) -> None:
    lab.allowed.clear()
    error = lab.error(server.serve("/x", Served(content=BODY)))
    assert isinstance(error, NotPermitted)
    assert "127.0.0.1" in str(error)
    assert "--allow-address 127.0.0.1" in (error.hint or "")
    assert server.seen == []


def test_a_redirect_to_a_private_address_is_refused(lab: Lab, server: FileServer) -> None:
    url = server.serve("/x", Served(first=[(302, {"Location": "http://127.0.0.2/admin"})]))
    assert "127.0.0.2" in str(lab.error(url))


def test_a_full_disk(lab: Lab, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: Partial, _block: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Partial, "append", full)
    url = server.serve("/x", Served(content=BODY))
    error = lab.error(url)
    assert str(error) == f"no space left on the service for {url} ({len(BODY):,} bytes)"


def test_a_file_for_which_there_is_no_space(
    lab: Lab, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3))
    url = server.serve("/x", Served(content=BODY))
    assert str(lab.error(url)).startswith(f"no space left on the service for {url}: ")


# TLS


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    trusted = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted.path))
    return trusted


def test_a_trusted_certificate(lab: Lab, authority: Authority) -> None:
    with file_server(authority.context()) as server:
        url = server.serve("/x", Served(content=BODY, cuts=[1_500_000], etag='"v1"'))
        assert lab.bytes_of(lab.fetch(url)) == BODY
        plain = server.serve("/y", Served(first=[(302, {"Location": "http://127.0.0.1/z"})]))
        assert "which is not encrypted" in str(lab.error(plain))


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("expired", "the certificate of 127.0.0.1 has expired"),
        ("self-signed", "the certificate of 127.0.0.1 is self-signed, and nobody here vouches"),
        ("other host", "the certificate of the server is not one for 127.0.0.1"),
        ("other authority", "the certificate of 127.0.0.1 is from an issuer that is not trusted"),
    ],
)
def test_bad_certificates(
    lab: Lab, authority: Authority, tmp_path: Path, kind: str, line: str
) -> None:
    context = {
        "expired": lambda: authority.context(expired=True),
        "self-signed": lambda: authority.context(self_signed=True),
        "other host": lambda: authority.context("elsewhere.example"),
        "other authority": lambda: Authority(tmp_path, "Unknown").context(),
    }[kind]()
    with file_server(context) as server:
        error = lab.error(server.serve("/x", Served(content=BODY)))
        assert isinstance(error, CannotSatisfy)
        assert str(error).startswith(line)
        assert (server.seen, lab.pauses) == ([], [])


def test_no_tls_where_it_should_be(lab: Lab, server: FileServer) -> None:
    port = server.url.rpartition(":")[2]
    error = lab.error(f"https://127.0.0.1:{port}/x")
    assert str(error).startswith(f"no TLS with 127.0.0.1:{port}: ")


# progress


def test_progress_is_reported_a_few_times(lab: Lab, server: FileServer) -> None:
    lab.fetch(server.serve("/x", Served(content=BODY, etag='"v1"')))
    reports = lab.progress()
    assert reports[-1].items() >= {"done": len(BODY), "total": len(BODY)}.items()
    assert len(reports) < 5
    lab.fetch(server.url + "/x")  # nothing has changed
    assert lab.progress()[-1]["done"] == len(BODY)
