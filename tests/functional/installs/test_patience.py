"""An install whose wheels never come: it fails after a while, and may be asked for again."""

from __future__ import annotations

import hashlib
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from support.material.index_tools import upload
from support.material.wheels import make_wheel
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TREE = "1.0+t0123456789abcdef"

IMPATIENT = """
import sys
from park.cli.main import main
from park_server.installs import upload_station
assert upload_station.UPLOAD_PATIENCE_S == 900  # the 15 minutes of the pages
upload_station.UPLOAD_PATIENCE_S = 0.2
sys.exit(main(sys.argv[1:]))
"""


class ImpatientService(ParkService):
    """A service that takes its clients for dead sooner."""

    def command(self, *options: str) -> list[str]:
        _, _, _, *rest = super().command(*options)
        return [sys.executable, "-c", IMPATIENT, *rest]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ParkService]:
    with ImpatientService(tmp_path / "service", "--upstream", "none") as running:
        yield running


def asked_for(service: ParkService, wheel: Path, python: str) -> dict[str, Any]:
    """Ask for the environment of a tree whose wheel is ``wheel``; return the install."""
    content = wheel.read_bytes()
    described = {"name": "demo", "version": TREE, "filename": wheel.name, "size": len(content)}
    request = {
        "id": str(uuid.uuid4()),
        "project": "demo",
        "version": TREE,
        "python": python,
        "pins": [{"name": "demo", "version": TREE}],
        "wheels": [described | {"sha256": hashlib.sha256(content).hexdigest()}],
    }
    install: dict[str, Any] = service.request("POST", "/api/v1/installs", json=request).json()
    return install


def when_final(service: ParkService, install: dict[str, Any]) -> dict[str, Any]:
    while install["state"] not in {"ready", "failed"}:
        path = f"/api/v1/installs/{install['id']}"
        install = service.get(path, after=install["revision"], wait=30)
    return install


def test_an_install_without_its_wheels_fails_with_its_jobs_and_goes_on_when_asked_again(
    service: ParkService, tmp_path: Path, python_minor: str
) -> None:
    wheel = make_wheel(tmp_path, version=TREE)
    first = asked_for(service, wheel, python_minor)
    assert (first["state"], first["missing"]) == ("awaiting-upload", [wheel.name])
    job = {
        "id": str(uuid.uuid4()),
        "entry_point": "demo:f",
        "call": {"args": [], "kwargs": {}},
        "install": first["id"],
    }
    service.request("POST", "/api/v1/jobs", json=[job])

    failed = when_final(service, first)
    assert failed["state"] == "failed"
    assert f"still missing: {wheel.name}" in failed["error"]["detail"]
    assert "goes on where this one stopped" in failed["error"]["hint"]
    record = service.job_when_final(job["id"])
    assert record["status"] == "cancelled"
    assert "no upload for" in record["error"]

    upload(service.url, wheel, service.token)
    again = when_final(service, asked_for(service, wheel, python_minor))
    assert (again["state"], again["missing"], again["error"]) == ("ready", [], None)
