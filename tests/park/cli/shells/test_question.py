"""A question to a service with the standard library alone."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.error import HTTPError

import pytest
from support.session.limits import LIMIT_S
from support.stand_ins.asked_service import asked_service

from park.cli.shells.question import asking


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path))


def test_it_is_asked_with_its_token_and_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with asked_service({"/api/v1/jobs": [1]}) as (url, asked):
        monkeypatch.setenv("PARK_TOKEN", f"{url} secret")
        assert asking(LIMIT_S)(url, "/jobs", limit=5) == [1]
    assert asked == [("/api/v1/jobs?limit=5", "Bearer secret")]


def test_a_token_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked_service({}) as (elsewhere, asked):

        class Leads(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("Location", elsewhere)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Leads) as server:
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            url = f"http://127.0.0.1:{server.server_port}"
            monkeypatch.setenv("PARK_TOKEN", f"{url} secret")
            with pytest.raises(HTTPError):
                asking(LIMIT_S)(url, "/jobs")
            thread.join()
    assert asked == []
