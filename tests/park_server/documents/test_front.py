"""The documentation under /docs: files of one folder, for everybody, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from park_server.documents.front import POLICY, DocumentsFiles


async def behind(_: object) -> PlainTextResponse:
    return PlainTextResponse("behind", status_code=401)


def client(site: Path) -> TestClient:
    methods = ["GET", "POST"]
    app = Starlette(routes=[Route("/{path:path}", behind, methods=methods)])
    return TestClient(DocumentsFiles(app, site), follow_redirects=False)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    (site / "docs").mkdir(parents=True)
    (site / "docs" / "index.html").write_text("<html>documentation</html>")
    (site / "search.html").write_text("<html>search</html>")
    (site / ".buildinfo").write_text("hidden")
    (tmp_path / "secret").write_text("secret")
    return site


def test_docs_leads_to_the_first_page(site: Path) -> None:
    for path in ("/docs", "/docs/"):
        answer = client(site).get(path)
        assert (answer.status_code, answer.headers["location"]) == (307, "/docs/docs/index.html")
    page = client(site).get("/docs/docs/index.html")
    assert (page.status_code, page.text) == (200, "<html>documentation</html>")
    assert page.headers["content-security-policy"] == POLICY
    assert "script-src 'self';" in POLICY


@pytest.mark.parametrize(
    "path",
    ["/docs/../secret", "/docs/%2e%2e/secret", "/docs/.buildinfo", "/docs//secret", "/docs/no"],
)
def test_nothing_else_is_answered(site: Path, path: str) -> None:
    answer = client(site).get(path)
    assert answer.status_code in {401, 404}
    assert "secret" not in answer.text
    assert "hidden" not in answer.text


@pytest.mark.parametrize("path", ["/", "/api/v1", "/docsearch", "/page/main.js"])
def test_what_is_not_below_it_passes(site: Path, path: str) -> None:
    assert client(site).get(path).status_code == 401
    assert client(site).post("/docs").status_code == 401


def test_a_checkout_without_it_says_how_to_have_it(tmp_path: Path) -> None:
    answer = client(tmp_path / "none").get("/docs")
    assert answer.status_code == 404
    assert "not in this installation of park" in answer.text
    assert "scripts/docs --site" in answer.text
