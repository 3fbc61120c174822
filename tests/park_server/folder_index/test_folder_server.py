"""pypiserver as a child: for one client, started again, and gone with its service."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from support.material.wheels import make_wheel
from support.services.own_agent import wait_for_the_end_of
from support.session.limits import LIMIT_S
from support.session.moments import moments

from park.errors import CannotSatisfy
from park_server.folder_index import folder_server
from park_server.folder_index.folder_server import FolderServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FolderServer]:
    (tmp_path / "wheels").mkdir()
    make_wheel(tmp_path / "wheels", "demo", "1.0")
    made = FolderServer(tmp_path / "wheels")
    try:
        yield made
    finally:
        made.close()


def get(url: str, login: tuple[str, str] | None = None) -> httpx2.Response:
    return httpx2.get(url, auth=login, trust_env=False, timeout=LIMIT_S)


def test_its_pages_have_digests_and_lead_nowhere_else(server: FolderServer) -> None:
    page = get(f"{server.url}demo/", server.login)
    assert page.status_code == 200
    assert "demo-1.0-py3-none-any.whl#sha256=" in page.text
    assert get(f"{server.url}numpy/", server.login).status_code == 404


def test_nobody_else_reads_or_writes(server: FolderServer) -> None:
    root = server.url.removesuffix("simple/")
    for login in (None, ("park", "guessed"), ("", server.login[1])):
        for url in (f"{server.url}", f"{root}packages/demo-1.0-py3-none-any.whl"):
            assert get(url, login).status_code in {401, 403}
        form = {":action": "remove_pkg", "name": "demo", "version": "1.0"}
        sent = httpx2.post(root, data=form, auth=login, trust_env=False, timeout=LIMIT_S)
        assert sent.status_code in {401, 403}
    assert (server.folder / "demo-1.0-py3-none-any.whl").exists()
    for name in ("cmdline", "environ"):
        assert server.login[1].encode() not in Path(f"/proc/{server.pid}/{name}").read_bytes()


def test_one_that_is_killed_is_started_again_at_the_same_place(
    server: FolderServer, caplog: pytest.LogCaptureFixture
) -> None:
    url, killed = server.url, server.pid
    os.kill(killed, signal.SIGKILL)
    answer = None
    for _ in moments():
        with suppress(httpx2.TransportError):
            answer = get(f"{url}demo/", server.login)
            break
    assert answer is not None
    assert (answer.status_code, server.url, server.pid != killed) == (200, url, True)
    assert f"ended with {-signal.SIGKILL}: started again" in caplog.text


def test_it_ends_with_its_service(server: FolderServer) -> None:
    pid = server.pid
    server.close()
    wait_for_the_end_of(pid)
    with pytest.raises(httpx2.TransportError):
        get(server.url)


def test_and_with_one_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from park_server.folder_index.folder_server import FolderServer;"
        "server = FolderServer(Path(sys.argv[1])); print(server.pid, flush=True);"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as service:  # fmt: skip
        assert service.stdout is not None
        pid = int(service.stdout.readline())
        service.kill()
        service.wait(LIMIT_S)
    wait_for_the_end_of(pid)


def test_where_it_is_not_installed_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = "park_server.folder_index.pypiserver_child"
    program = f"import sys; sys.modules['pypiserver'] = None; import {child}"
    monkeypatch.setattr(folder_server, "_ARGV", (sys.executable, "-c", program))
    with pytest.raises(CannotSatisfy, match="import of pypiserver halted") as caught:
        FolderServer(tmp_path)
    assert caught.value.hint == "pip install 'park-dist[pypiserver]'"


def test_where_it_does_not_start_its_last_words_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import sys; sys.stdin.readline(); sys.exit('no room on this machine')"
    monkeypatch.setattr(folder_server, "_ARGV", (sys.executable, "-c", program))
    with pytest.raises(CannotSatisfy, match=r"does not start on .*: no room on this machine"):
        FolderServer(tmp_path)
