"""The sample for nginx in a real nginx: TLS outside, a path prefix, and a service behind it."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.services.file_server import Authority
from support.services.park_service import ParkService
from support.services.ports import free_port
from support.session.limits import LIMIT_S

from park_server.samples.printed import sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")

pytestmark = [
    pytest.mark.where_possible,
    pytest.mark.skipif(NGINX is None, reason="there is no nginx on this machine"),
]

AROUND = """daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[tuple[ParkService, httpx2.Client]]:
    """Run a service behind nginx; give it and a client that reaches it by TLS."""
    authority, port = Authority(tmp_path), free_port()
    files, url = authority.files("localhost"), f"https://localhost:{port}/park"
    options = ["--upstream", "none", "--url", url, "--trusted-proxy", "127.0.0.1"]
    with ParkService(tmp_path / "s", *options) as service:
        inner = service.url.rpartition(":")[2]
        server = sample("nginx")
        for said, here in (
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
            ("server_name lab.example.org", "server_name localhost"),
            ("/etc/ssl/lab.pem", str(files.certificate)),
            ("/etc/ssl/private/lab.key", str(files.key)),
            ("http://127.0.0.1:8750/", f"http://127.0.0.1:{inner}/"),
        ):
            assert said in server
            server = server.replace(said, here)
        conf = tmp_path / "nginx.conf"
        conf.write_text(AROUND.format(folder=tmp_path, server=server))
        checked = subprocess.run(
            [str(NGINX), "-t", "-c", str(conf)], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        with subprocess.Popen([str(NGINX), "-c", str(conf)]) as nginx:
            context = ssl.create_default_context(cafile=str(authority.path))
            try:
                with httpx2.Client(
                    base_url=url,
                    verify=context,
                    timeout=LIMIT_S,
                    headers={"Authorization": f"Bearer {service.token}"},
                ) as client:
                    _until_it_listens(client)
                    yield service, client
            finally:
                nginx.terminate()


def _until_it_listens(client: httpx2.Client) -> None:
    while True:
        try:
            client.get("/health")
        except httpx2.ConnectError:
            continue
        return


def test_a_service_is_reached_through_nginx(
    behind: tuple[ParkService, httpx2.Client],
) -> None:
    service, client = behind
    about = client.get("/api/v1")
    assert about.json()["index_url"] == f"{client.base_url}simple/"
    assert about.headers["strict-transport-security"]
    assert client.get("/ready").json()["status"] == "ready"
    assert client.get("/metrics").status_code == 404
    with ThreadPoolExecutor(1) as pool:  # a long poll is answered by its event
        waiting = pool.submit(client.get, "/api/v1/events", params={"after": 0, "wait": 30})
        name = f"/api/v1/areas/files/~/{'x' * 8}.bin"
        sent = client.put(name, content=iter([b"y" * (1 << 20)] * 4))
        assert sent.is_success, sent.text
        assert len(client.get(name).content) == 4 << 20
        body = {"name": "ada", "password": "correct horse"}
        assert client.post("/api/v1/admin/users", json=body).is_success
        client.post("/api/v1/offers", json={"project": "nothing", "version": "1"})
        assert waiting.result(LIMIT_S).status_code == 200
    audit = client.get("/api/v1/admin/audit").json()
    assert {each["address"] for each in audit if each["action"].startswith("user")} == {"127.0.0.1"}
    assert service.url.startswith("http://127.0.0.1")
