from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import httpx2
from support.material.index_tools import LOGIN, upload
from support.material.wheels import make_sdist, make_wheel
from support.neighbours.index_server import application, opened_index, serving

from park_repo.negotiation import JSON

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Message


def test_a_body_that_must_be_too_large_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with (
        opened_index(tmp_path / "index", max_upload_bytes=5000) as index,
        serving(application(index)) as url,
    ):
        host, port = url.removeprefix("http://").split(":")
        request = (
            f"POST /legacy/ HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {LOGIN[1]}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000000\r\n\r\n"
        )
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(request.encode())
            answer = connection.recv(100_000)
        assert answer.startswith(b"HTTP/1.1 413")
        assert list((tmp_path / "index" / "incoming").iterdir()) == []


def test_the_size_is_limited_also_where_the_request_does_not_tell_it(tmp_path: Path) -> None:
    with (
        opened_index(tmp_path / "index", max_upload_bytes=5000) as index,
        serving(application(index)) as url,
    ):
        head = (
            b'--b\r\nContent-Disposition: form-data; name="content";'
            b' filename="demo-1.0-py3-none-any.whl"\r\n\r\n'
        )
        answer = httpx2.post(
            f"{url}/legacy/",
            content=iter([head, bytes(6000), b"\r\n--b--\r\n"]),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
            auth=LOGIN,
            trust_env=False,
        )
        assert answer.status_code == 413
        assert list((tmp_path / "index" / "incoming").iterdir()) == []


def test_sdists_and_attestations_are_taken(tmp_path: Path) -> None:
    with opened_index(tmp_path / "index") as index, serving(application(index)) as url:
        assert upload(url, make_sdist(tmp_path)).status_code == 200
        wheel = make_wheel(tmp_path)
        answer = httpx2.post(
            f"{url}/legacy/",
            data={":action": "file_upload", "protocol_version": "1", "attestations": "[{}]"},
            files={"content": (wheel.name, wheel.read_bytes())},
            auth=LOGIN,
            trust_env=False,
        )
        assert answer.status_code == 200
        page = httpx2.get(
            f"{url}/simple/demo/", headers={"Accept": JSON}, auth=LOGIN, trust_env=False
        )
        assert [file.get("provenance") for file in page.json()["files"]] == [None, None]
        sdist = index.project_files("demo")[0]
        path = f"{url}/files/{sdist.sha256}/{sdist.filename}"
        assert httpx2.get(path, auth=LOGIN, trust_env=False).status_code == 200
        assert httpx2.get(f"{path}.metadata", auth=LOGIN, trust_env=False).status_code == 404


def test_a_client_that_goes_away_is_no_fault_of_the_service(tmp_path: Path) -> None:
    arriving: list[Message] = [
        {"type": "http.request", "body": b"--b\r\n", "more_body": True},
        {"type": "http.disconnect"},
    ]
    headers = {
        b"authorization": f"Bearer {LOGIN[1]}".encode(),
        b"content-type": b"multipart/form-data; boundary=b",
    }
    scope = {
        "type": "http", "method": "POST", "path": "/legacy/", "query_string": b"",
        "headers": list(headers.items()),
    }  # fmt: skip

    async def receive() -> Message:
        return arriving.pop(0)

    async def send(_message: Message) -> None:
        """Lead nowhere, as a broken connection does."""

    with opened_index(tmp_path / "index") as index:
        asyncio.run(application(index)(scope, receive, send))  # raises nothing
        assert arriving == []
        assert list((tmp_path / "index" / "incoming").iterdir()) == []


def test_the_problem_document_names_member_and_rule(tmp_path: Path) -> None:
    with opened_index(tmp_path / "index") as index, serving(application(index)) as url:
        answer = upload(url, make_wheel(tmp_path, files={"../up.py": b""}))
    assert answer.status_code == 400
    assert answer.json()["details"] == {"member": "../up.py", "rule": "inside"}
