"""Who may do what to the index over the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient
from support.material.open_doors import without_limit
from support.material.wheels import make_wheel
from support.neighbours.index_server import opened_index

from park_repo.http.routes import index_routes
from park_repo.index import Index
from park_repo.negotiation import JSON
from park_repo.upstream.external import ExternalIndex
from park_repo.upstream.folder_files import FolderFiles
from park_server.http.app import application
from park_server.http.auth import Tokens, user_of
from park_server.trust.under_way import UnderWay

PROJECTS = "/api/v1/index/projects"
TREE = "1.0+t0123456789abcdef"
OPERATOR, USER = ({"Authorization": f"Bearer {name}-token"} for name in ("ada", "bob"))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with opened_index(tmp_path / "index") as index, TestClient(served(index)) as client:
        for version, whose in (("1.0", OPERATOR), (TREE, USER)):
            publish(client, make_wheel(tmp_path, version=version), whose)
        yield client


def served(index: Index) -> FastAPI:
    """Serve ``index`` for its operator ada and the user bob."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.parts = SimpleNamespace(index=index, about=SimpleNamespace(user="ada"))
        yield
        await index.aclose()

    tokens = Tokens.of({"ada-token": "ada", "bob-token": "bob"}, operator="ada")
    app: FastAPI = application(  # type: ignore[assignment]  # ASGI is all that the test client asks
        tokens=tokens,
        simple_routes=index_routes(index, user_of, lambda _: without_limit, Request.stream),
        lifespan=lifespan,
        grants_of_service=None,
        under_way=UnderWay(),
        admit=without_limit,
        entrance=None,
    )
    return app


def publish(client: TestClient, wheel: Path, whose: dict[str, str]) -> None:
    answer = client.post(
        "/legacy/",
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (wheel.name, wheel.read_bytes())},
        headers=whose,
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "demo/claim", None),
        ("DELETE", "demo/claim", None),
        ("PUT", "demo/status", {"status": "archived"}),
        ("PUT", "demo/versions/1.0/yank", {"reason": "why"}),
        ("DELETE", "demo/versions/1.0/yank", None),
        ("DELETE", "demo/versions/1.0", None),
    ],
)
def test_what_is_everybodys_only_the_operator_changes(
    client: TestClient, method: str, path: str, body: dict[str, str] | None
) -> None:
    refused = client.request(method, f"{PROJECTS}/{path}", json=body, headers=USER)
    assert (refused.status_code, refused.json()["title"]) == (403, "NotPermitted")
    assert client.get(f"{PROJECTS}/demo", headers=USER).json()["versions"] == 1
    allowed = client.request(method, f"{PROJECTS}/{path}", json=body, headers=OPERATOR)
    # a name with files is not given back, whoever asks
    assert allowed.status_code == (409 if (method, path) == ("DELETE", "demo/claim") else 200)


def test_trees_are_their_users_own(client: TestClient) -> None:
    (bobs,), (adas,) = (client.get(PROJECTS, headers=who).json() for who in (USER, OPERATOR))
    assert (bobs["versions"], bobs["trees"], adas["trees"]) == (1, 1, 0)
    path = f"{PROJECTS}/demo/versions/{TREE.replace('+', '%2B')}"
    assert client.delete(path, headers=OPERATOR).status_code == 404
    (removed,) = client.delete(path, headers=USER).json()
    assert (removed["version"], removed["layer"]) == (TREE, "trees")
    assert client.get(f"{PROJECTS}/demo", headers=USER).json()["trees"] == 0


def test_a_status_is_one_of_four(client: TestClient) -> None:
    answer = client.put(f"{PROJECTS}/demo/status", json={"status": "old"}, headers=OPERATOR)
    assert (answer.status_code, "expected one of active" in answer.json()["detail"]) == (400, True)


def test_of_thousands_of_versions_the_newest_are_shown(client: TestClient, tmp_path: Path) -> None:
    edits = [f"1.0+t{number:016x}" for number in range(3)]
    for version in edits:
        publish(client, make_wheel(tmp_path, version=version), USER)

    def shown(**query: int) -> tuple[list[str], int]:
        answer = client.get(f"{PROJECTS}/demo", headers=USER, params=query).json()
        return [file["version"] for file in answer["files"]], answer["older"]

    assert shown(newest=2) == (["1.0", *edits[1:]], 2)
    assert shown() == (["1.0", TREE, *edits], 0)


@pytest.mark.parametrize("path", [PROJECTS, "/trees/simple/"])
def test_what_may_be_long_is_listed_beside_the_loop(
    client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a second for 20,000 projects, for which everybody else would wait."""
    beside: list[bool] = []

    def noting(method: str) -> None:
        known = getattr(Index, method)

        def noted(*arguments: object) -> object:
            beside.append(asyncio._get_running_loop() is None)
            return known(*arguments)

        monkeypatch.setattr(Index, method, noted)

    noting("owned_projects")
    noting("tree_projects")
    assert client.get(path, headers=USER).status_code == 200
    assert beside == [True]


@pytest.fixture
def laid(tmp_path: Path) -> Iterator[tuple[TestClient, Path]]:
    """Serve an index whose released projects are the wheels of a folder."""
    folder = tmp_path / "wheels"
    (folder / "old").mkdir(parents=True)
    make_wheel(folder / "old", "lab_model", "1.0")
    make_wheel(folder, "lab_model", "1.1")
    (folder / "broken-1.0-py3-none-any.whl").write_bytes(b"half")
    external = ExternalIndex("http://127.0.0.1:9/simple/", files=FolderFiles(folder))
    with (
        opened_index(tmp_path / "index", external=external) as index,
        TestClient(served(index)) as client,
    ):
        publish(client, make_wheel(tmp_path, "lab_model", TREE), USER)
        yield client, folder


def test_what_lies_in_a_folder_is_listed_with_where_it_lies(laid: tuple[TestClient, Path]) -> None:
    client, folder = laid
    (project,) = client.get(PROJECTS, headers=USER).json()
    assert (project["name"], project["versions"], project["trees"]) == ("lab-model", 2, 1)
    assert project["folder"] == str(folder)
    (alone,) = client.get(PROJECTS, headers=OPERATOR).json()
    assert (alone["versions"], alone["trees"]) == (2, 0)
    whole = client.get(f"{PROJECTS}/lab-model", headers=USER).json()
    assert {each["version"]: each["folder"] for each in whole["files"]} == {
        "1.0": str(folder / "old"),
        "1.1": str(folder),
        TREE: None,
    }
    assert client.get(f"{PROJECTS}/broken", headers=USER).status_code == 404


def test_what_lies_in_a_folder_is_taken_back_there(laid: tuple[TestClient, Path]) -> None:
    client, folder = laid
    for path in ("lab-model/versions/1.0", "lab-model/versions/1.0/yank"):
        refused = client.request("DELETE", f"{PROJECTS}/{path}", headers=OPERATOR).json()
        assert str(folder) in refused["detail"]
        assert "remove the files there" in refused["hint"]


def kept_page(request: httpx2.Request) -> httpx2.Response:
    """Answer as an index elsewhere that has one project."""
    if request.url.path != "/simple/lab-model/":
        return httpx2.Response(404)
    facts = {"url": "f", "hashes": {"sha256": "ab" * 32}, "upload-time": "2026-11-23T08:00:00Z"}
    files = [
        {**facts, "filename": "lab_model-1.10-py3-none-any.whl", "size": 7, "yanked": "wrong"},
        {**facts, "filename": "lab_model-1.9-py3-none-any.whl", "size": 5, "yanked": True},
        {"filename": "lab_model-1.8.tar.gz", "url": "f", "hashes": {}},
        {"filename": "lab model.exe", "url": "f", "hashes": {}},
    ]
    meta = {"api-version": "1.0"}
    page = {"meta": meta, "name": "lab-model", "files": files}
    return httpx2.Response(200, json=page, headers={"Content-Type": JSON})


def test_what_another_index_keeps_is_shown_with_where(tmp_path: Path) -> None:
    elsewhere = httpx2.AsyncClient(transport=httpx2.MockTransport(kept_page))
    external = ExternalIndex("http://127.0.0.1:9/simple/", client=elsewhere)
    with (
        opened_index(tmp_path / "index", external=external) as index,
        TestClient(served(index)) as client,
    ):
        publish(client, make_wheel(tmp_path, "lab_model", TREE), USER)
        whole = client.get(f"{PROJECTS}/lab-model", headers=USER).json()
        url = "http://127.0.0.1:9/simple/"
        assert (whole["versions"], whole["trees"], whole["kept_by"]) == (3, 1, url)
        assert [
            (each["version"], each["size"], each["yanked"], each["kept_by"])
            for each in whole["files"]
        ] == [
            ("1.8", 0, None, url),
            ("1.9", 5, "", url),
            ("1.10", 7, "wrong", url),
            (TREE, whole["files"][-1]["size"], None, None),
        ]
        newest = client.get(f"{PROJECTS}/lab-model?newest=1", headers=OPERATOR).json()
        assert [each["version"] for each in newest["files"]] == ["1.10"]
        assert newest["older"] == 2
        assert client.get(f"{PROJECTS}/nothing", headers=USER).status_code == 404
        assert [each["name"] for each in client.get(PROJECTS, headers=USER).json()] == ["lab-model"]
