"""The first step of a node: patient with its service, and short where nothing helps."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from park_server.on_node.bootstrap import Link, Refused, Unreachable, interpreter

CONTENT = bytes(range(256)) * 64
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Service(ThreadingHTTPServer):
    """Answers with ``statuses`` first; gives half of a file, then what is asked for."""

    daemon_threads = True

    def __init__(self, *statuses: int, body: bytes = CONTENT) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = [*statuses]
        self.body = body
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.cuts = 1

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        service, begin = self.server, self.headers.get("Range")
        service.asked.append((self.path, begin, self.headers.get("Authorization")))
        if service.statuses:
            self._answer(service.statuses.pop(0), b'{"detail": "said so"}')
            return
        body = service.body
        if begin is None:
            self._answer(200, body, cut=service.cuts > 0)
            service.cuts -= 1
        elif int(begin[6:-1]) >= len(body):
            self._answer(416, b"{}")
        else:
            self._answer(206, body[int(begin[6:-1]) :])

    do_PUT = do_POST = do_GET  # noqa: N815 (names of http.server)

    def _answer(self, status: int, body: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    thread = threading.Thread(target=service.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()


def test_a_download_goes_on_from_where_it_was_cut_off(tmp_path: Path) -> None:
    with serving(Service(503)) as service:
        Link(service.url, "secret", 60).download("wheels/x", tmp_path / "x", SHA256)
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert [asked[1] for asked in service.asked] == [None, None, f"bytes={len(CONTENT) // 2}-"]
    assert {asked[2] for asked in service.asked} == {"Bearer secret"}
    assert service.asked[0][0] == "/api/v1/node/wheels/x"


def test_what_was_here_whole_is_not_brought_again(tmp_path: Path) -> None:
    (tmp_path / "x.partial").write_bytes(CONTENT)
    with serving(Service()) as service:
        Link(service.url, "t", 60).download("x", tmp_path / "x", SHA256)
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_another_content_is_no_file(tmp_path: Path) -> None:
    other = serving(Service(body=b"other"))
    with other as service, pytest.raises(ValueError, match=f"expected {SHA256}"):
        Link(service.url, "t", 60).download("x", tmp_path / "x", SHA256)
    assert not [*tmp_path.iterdir()]


def test_a_refusal_is_no_reason_to_ask_again() -> None:
    with serving(Service(403)) as service, pytest.raises(Refused, match="said so") as refused:
        Link(service.url, "t", 60).send("GET", "order", None)
    assert refused.value.status == 403
    assert len(service.asked) == 1


def test_what_has_no_room_is_refused_at_once_to_who_can_do_without_and_else_asked_again() -> None:
    with serving(Service(507)) as service:
        with pytest.raises(Refused, match="said so") as refused:
            Link(service.url, "t", 60).send_if_there_is_room("files/x", b"much")
        service.cuts, service.statuses = 0, [507]
        assert Link(service.url, "t", 60).send("POST", "end", None) == CONTENT
    assert refused.value.status == 507
    assert len(service.asked) == 3


def test_a_service_that_is_not_there_is_told_in_a_line() -> None:
    with serving(Service()) as gone:
        url = gone.url
    with pytest.raises(Unreachable, match=f"no answer from {url}/api/v1/node/: "):
        Link(url, "t", 0).send("GET", "order", None)


def test_an_interpreter_that_is_too_old_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, status in (("python3.99", 1), ("python3", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter("3.99") == str(tmp_path / "python3")
    (tmp_path / "python3").unlink()
    with pytest.raises(ValueError, match=r"no Python 3\.99 on the PATH of this node"):
        interpreter("3.99")
