"""Two services behind TLS, with certificates of an authority of the house's own."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import certifi
import pytest
from support.neighbours.tls_proxy import tls_proxy
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.file_server import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

SCRIPT = """
import json, park, flow_model
one, two = park.remote_service("one"), park.remote_service("two")
with one:
    upload = park.install_service(flow_model)
    number = flow_model.add(20, 1)
    left = flow_model.leave("x.txt", "over TLS")
    failed = flow_model.fail("there")
with two:
    value = flow_model.add(number, number, when=upload.iscompleted)
    read = flow_model.read(left.filename)
    fetch = park.fetch_url(left.url, when=left.iscompleted)
    again = flow_model.read(fetch.filename)
    cleanup = flow_model.add(1, 1, when=failed.isfailed & (number.output > 20))
print(json.dumps([each.result(60) for each in (value, read, again, cleanup)]))
"""


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Give an authority that all trust who read ``SSL_CERT_FILE``, besides the usual ones."""
    authority = Authority(tmp_path)
    usual = Path(os.environ.get("SSL_CERT_FILE") or certifi.where())
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(usual.read_bytes() + authority.path.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    return authority


@pytest.fixture
def services(
    tmp_path: Path, trusted: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, tuple[str, ParkService]]]:
    """Run services ``one`` and ``two``, and ``wary``, which trusts the usual authorities alone."""
    found: dict[str, tuple[str, ParkService]] = {}
    with ExitStack() as stack:
        for name in ("one", "two", "wary"):
            (tmp_path / name).mkdir()
            if name == "wary":
                monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
            options = ("--slots", "2", "--allow-address", "127.0.0.1")
            service = stack.enter_context(ParkService(tmp_path / name, *options))
            port = urlsplit(service.url).port
            assert port is not None
            found[name] = stack.enter_context(tls_proxy(port, trusted.context())), service
        yield found


@pytest.fixture
def client(
    tmp_path: Path,
    client_cache: Path,
    services: dict[str, tuple[str, ParkService]],
) -> Client:
    """Return a scientist who knows the services by their https URLs."""
    model = ModelTree("flow-model", tmp_path)
    python = make_virtualenv(tmp_path / "venv", model.root)
    client = Client.of(python, tmp_path / "client", cache=client_cache, service=services["one"][1])
    bundle = {"SSL_CERT_FILE": str(tmp_path / "bundle.pem")}
    client.variables.update(bundle)
    for name, (url, service) in services.items():
        assert url.startswith("https://")
        client.run("service", "add", name, url, "--token-file", str(service.home / "token"))
    return client


def test_a_workflow_over_two_services_that_speak_tls(
    client: Client, services: dict[str, tuple[str, ParkService]]
) -> None:
    assert client.script(SCRIPT) == [42, "over TLS", "over TLS", 2]
    one, two = (services[name][1] for name in ("one", "two"))
    deadline = time.monotonic() + LIMIT_S
    while any(grant["revoked"] is None for grant in one.get("/api/v1/grants")):
        assert time.monotonic() < deadline
    assert "Traceback" not in one.log + two.log


def test_a_certificate_that_is_not_trusted_is_told_to_who_waits(client: Client) -> None:
    fetch, job = client.script(
        """
import json, park, flow_model
with park.remote_service("one"):
    left = flow_model.leave("x.txt", "over TLS")
with park.remote_service("wary"):
    fetch = park.fetch_url("park://one/~/x.txt")
    job = flow_model.read(left.filename)
park.wait([fetch], timeout=300)
print(json.dumps([fetch.error, job.id]))
"""
    )
    assert "certificate" in fetch
    deadline = time.monotonic() + LIMIT_S
    why = ""
    while "certificate" not in why:
        assert time.monotonic() < deadline, why
        why = client.run("why", job, "--service", "wary").stdout
