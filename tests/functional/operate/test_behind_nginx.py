"""The sample for nginx in a real nginx: TLS outside, a path prefix, and a service behind it."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import httpx2
import pytest
from support.neighbours.ports import free_port
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.file_server import Authority

from park_server.samples.printed import sample

if TYPE_CHECKING:
    from collections.abc import Iterator

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


JOBS = """
from pathlib import Path

import park


def doubled(values, path):
    for number, value in enumerate(values):
        park.progress(number, len(values))
        print("saw", value, flush=True)
    Path("left.bin").write_bytes(Path(path).read_bytes() * 2)
    return [2 * value for value in values]
"""


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


@pytest.mark.slow
def test_a_job_runs_through_nginx_as_it_does_without(
    behind: tuple[ParkService, httpx2.Client], tmp_path: Path, client_cache: Path
) -> None:
    """Installed, sent with a file, followed while it runs, its result and files brought back."""
    service, through = behind
    trusted = tmp_path / "authorities.pem"
    usual = Path(os.environ.get("SSL_CERT_FILE") or certifi.where())
    trusted.write_text(usual.read_text() + (tmp_path / "Test-Authority.pem").read_text())
    here = ModelTree("light-model", tmp_path / "user")
    here.edit("light_model.py", "ANSWER = 42\n", f"ANSWER = 42\n{JOBS}")
    python = make_virtualenv(tmp_path / "user" / "venv", here.root)
    user = Client.of(
        python, tmp_path / "user" / "client", cache=client_cache, service=service
    ).with_variables(
        PARK_SERVICE=str(through.base_url).rstrip("/"),
        PARK_TOKEN=service.token,
        PARK_STATE_DIR=str(tmp_path / "user" / "state"),
        SSL_CERT_FILE=str(trusted),
    )
    (user.folder / "data.bin").write_bytes(b"data" * 300_000)
    user.run("install", "light_model")
    said = ("--arg", "values=[1, 2]", "--file", "path=data.bin", "--json")
    done = user.run("run", "light_model:doubled", *said)
    answer = json.loads(done.stdout)
    assert answer["result"] == [2, 4]
    assert "saw 1" in done.stderr
    user.run("get", answer["id"], "left.bin", "-o", "brought.bin")
    assert (user.folder / "brought.bin").read_bytes() == b"data" * 600_000
