"""The routes of nodes read what a job left beside the event loop, however much it is."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from support.labs.install_lab import opened_database
from support.material.open_doors import without_limit
from support.services.bearer import Bearer

from park.model.ids import JobId
from park.wire import TokenClass
from park_server.http.app import application
from park_server.http.nodes import node_routes
from park_server.node_desk.intake import Left, NodeFolder
from park_server.trust.identity import Caller
from park_server.trust.rights import NONE, Rights
from park_server.trust.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from fastapi import FastAPI

ATTEMPT = (JobId("01a21a90-80bb-7847-b026-a00d7b3f5c5a"), 1)
FILE = {"name": "a", "sha256": "ab" * 32, "size": 7}


class Node:
    """Whoever has a token is the node of one attempt."""

    def find(self, token: str) -> Caller | None:
        del token
        return Caller(user="ada", rights=NONE, kind=TokenClass.INTERNAL, attempt=ATTEMPT)

    def rights_of(self, name: str) -> Rights:
        del name
        return NONE


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    (tmp_path / "job").mkdir()
    folder = NodeFolder(tmp_path / "job", 1)
    with opened_database(tmp_path) as database:
        desk = SimpleNamespace(folder=lambda _: folder)
        parts = SimpleNamespace(node_desk=desk, database=database)

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            app.state.parts = parts
            yield

        app = application(
            tokens=Node(),
            simple_routes=[],
            lifespan=lifespan,
            grants_of_service=None,
            under_way=UnderWay(),
            admit=without_limit,
            entrance=None,
        )
        with TestClient(app) as found:
            yield found


@pytest.mark.parametrize("path", ["left", "end"])
def test_the_files_of_a_job_are_read_in_a_thread(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    read: list[str] = []

    def checked(kind: type[Left], items: Any, *_: str) -> list[Left]:
        read.append(threading.current_thread().name)
        return [kind(**each) for each in items]

    monkeypatch.setattr(node_routes, "checked_items", checked)
    body = {"left": [FILE], "end": {"files": [FILE], "records": {}}}[path]
    answer = client.post(f"/api/v1/node/{path}", json=body, auth=Bearer("t"))
    assert answer.status_code == {"left": 200, "end": 409}[path]
    assert read == [name for name in read if name.startswith("asyncio_")] != []


@pytest.mark.parametrize(
    ("path", "body"),
    [("left", [{**FILE, "size": "much"}]), ("end", {"files": [{"name": "a"}], "records": {}})],
)
def test_what_is_no_list_of_files_is_refused(client: TestClient, path: str, body: Any) -> None:
    answer = client.post(f"/api/v1/node/{path}", json=body, auth=Bearer("t"))
    assert answer.status_code == 400
    assert "body" in answer.text
