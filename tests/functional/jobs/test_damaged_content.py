"""Content that was changed on the service's disk: told, set aside, and mended; names as bytes."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import httpx2
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_client import Client
    from support.services.park_service import ParkService


def asked(service: ParkService, method: str, path: str, content: bytes = b"") -> httpx2.Response:
    """Return the answer, also where it is an error."""
    headers = {"Authorization": f"Bearer {service.token}"}
    url = f"{service.url}/api/v1{path}"
    return httpx2.request(method, url, headers=headers, content=content, timeout=LIMIT_S)


def scribbled(service: ParkService, content: bytes) -> str:
    """Change ``content`` on the disk of the service, its size and time kept; return its digest."""
    sha256 = hashlib.sha256(content).hexdigest()
    place = service.home / "files" / sha256[:2] / sha256
    before = place.stat()
    place.chmod(0o600)
    place.write_bytes(b"X" * len(content))
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    return sha256


def test_a_damaged_input_is_sent_again_by_the_next_submission(
    installed: Client, service: ParkService, tmp_path: Path
) -> None:
    sent = tmp_path / "sent.txt"
    sent.write_text(f"sent by {tmp_path}")
    installed.run("run", "light_model:read", "--file", f"path={sent}")
    sha256 = scribbled(service, sent.read_bytes())
    assert asked(service, "GET", f"/files/{sha256}/present").json() == {"present": False}
    service.until_said(sha256)
    assert list((service.home / "files" / "quarantine").glob(f"{sha256}.*"))
    said = installed.run("run", "light_model:read", "--file", f"path={sent}")
    assert f"sent by {tmp_path}" in said.stdout
    assert asked(service, "GET", f"/files/{sha256}/present").json() == {"present": True}


def test_a_damaged_output_is_not_served_and_the_job_run_again_mends_it(
    installed: Client, service: ParkService, tmp_path: Path
) -> None:
    text = f"left by {tmp_path}"
    job = installed.submit("light_model:write", name="out.txt", text=text)
    service.job_when_final(job)
    scribbled(service, text.encode())
    answer = asked(service, "GET", f"/jobs/{job}/files/out.txt")
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith(f"'out.txt' of job {job} is not here any more")
    service.job_when_final(installed.submit("light_model:write", name="out.txt", text=text))
    assert asked(service, "GET", f"/jobs/{job}/files/out.txt").text == text


def test_a_file_in_an_area_may_have_any_bytes_as_its_name(service: ParkService) -> None:
    place = "/areas/files/~/instrument/M%E4ssung.dat"
    put = asked(service, "PUT", place, b"q R").json()
    assert put["path"].endswith("/instrument/M\udce4ssung.dat")
    (entry,) = asked(service, "GET", "/areas/folders/~/instrument").json()
    assert os.fsencode(entry["name"]) == b"M\xe4ssung.dat"
    assert asked(service, "GET", place).text == "q R"
    assert asked(service, "GET", place.replace("%E4", "%E5")).status_code == 404
    assert asked(service, "DELETE", place).status_code == 204
    assert asked(service, "GET", "/areas/folders/~/instrument").json() == []
