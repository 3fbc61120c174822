"""Record what this release says on the wire: requests of its client, answers of its service.

    python scripts/record_wire.py tests/wire/0.1.0.json

Done once for each release, and kept: tests send those requests to the service of today, and
have the client of today read those answers. What differs from one run to the next (ids, hashes,
paths, times) is replaced by names.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from recorded_service import served

import park
from park.client.access.http.exchange import HttpClient, Response
from park.wire.api_version import HEADER, HERE

_READ = (
    *("", "/areas", "/environments", "/events", "/fork-servers", "/health", "/index/projects"),
    *("/jobs", "/memo", "/memo/stats", "/offers", "/pools", "/queues", "/quota", "/storage"),
    *("/tokens", "/usage", "/versions", "/whoami", "/admin/users", "/admin/groups"),
)
"""What is asked besides what a session asks by itself."""

_OF_JOB = ("", "/call", "/explain", "/progress", "/why", "/result", "/traceback")

_PLACES = (
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "{id}"),
    (r"\b[0-9a-f]{64}\b", "{digest}"),
    (r"http://127\.0\.0\.1:\d+", "{url}"),
    (r"\b[\w.-]+@[\w.-]+\b", "user@machine"),
    (r"park_[A-Za-z0-9_-]{20,}", "{token}"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "2026-11-27T12:00:00.000000Z"),
)


def _recorded(folder: Path) -> list[dict[str, Any]]:
    """Return what a session and its service said to each other, in order."""
    said: list[dict[str, Any]] = []
    send = HttpClient.request

    def request(self: HttpClient, method: str, path: str, **arguments: Any) -> Response:
        answer = send(self, method, path, **arguments)
        if answer.headers.get("content-type", "").startswith("application/json"):
            body = arguments.get("content")
            said.append(
                {
                    "method": method,
                    "path": path,
                    "params": arguments.get("params"),
                    "body": json.loads(body) if isinstance(body, bytes) else None,
                    "status": answer.status_code,
                    "answer": answer.json(),
                }
            )
        return answer

    with served(folder, os.environ) as found:
        os.environ.update(found)
        HttpClient.request = request  # type: ignore[method-assign]
        try:
            _session()
        finally:
            HttpClient.request = send  # type: ignore[method-assign]
    return said


def _session() -> None:
    """Do what a user does: install, run, look."""
    service = park.remote_service(os.environ["PARK_SERVICE"])
    service.install("packaging")
    transport = service._transport
    (version, *_) = transport.json("GET", "/api/v1/versions")
    job = service.submit("math:hypot", 3.0, 4.0, lock=version["lock_hash"], label="wire")
    job.result(120)
    failed = service.submit("math:sqrt", -1.0, lock=version["lock_hash"])
    failed.wait(120)
    for path in _READ:
        transport.json("GET", f"/api/v1{path}")
    for each in (job, failed):
        for path in _OF_JOB:
            transport.json("GET", f"/api/v1/jobs/{each.id}{path}")


def _named(said: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Return ``said`` with names for what differs from one run to the next, each kind once."""
    text = json.dumps(said).replace(str(folder), "/folder")
    for pattern, name in _PLACES:
        text = re.sub(pattern, name, text)
    found: dict[str, dict[str, Any]] = {}
    for each in json.loads(text):
        state = each["answer"].get("state", "") if isinstance(each["answer"], dict) else ""
        found.setdefault(f"{each['method']} {each['path']} {state}", each)
    return list(found.values())


def main(out: Path) -> None:
    """Record into ``out``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["PARK_CONFIG"] = str(folder / "park.toml")
        os.environ["PARK_STATE_DIR"] = str(folder / "state")
        os.environ["PARK_AGENT"] = "off"
        exchanges = _named(_recorded(folder), folder)
    document = {"release": HERE.release, HEADER: str(HERE), "exchanges": exchanges}
    out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{len(exchanges)} exchanges of park {HERE.release} in {out}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
