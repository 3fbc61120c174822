"""Who has the files of a home but its key, or a backup of it, has nothing that opens another."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.scripted_server import Asked, answer, scripted_server

from park.model.conditions import JobIs, Phase
from park.model.conditions_json import condition_to_json
from park.model.ids import new_id
from park.wire import API, FETCH
from park_server.jobs.admission.pieces import MOST_JOBS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GRANT, PASSWORD, HEADER = "park_grant_marked", "pw-marked", "Bearer header-marked"
SECRETS = [
    *(GRANT, PASSWORD, "header-marked"),
    # in all places that bytes have in base64
    *(base64.b64encode(b"ada:pw-marked"[at:-1])[2:-4].decode() for at in range(3)),
]


def found_in(root: Path, but: str = "") -> list[str]:
    """Return which secrets are in which files below ``root``."""
    return [
        f"{secret} in {path.relative_to(root)}"
        for path in sorted(root.rglob("*"))
        if path.is_file() and not (but and path.name.startswith(but))
        for content in [path.read_bytes()]
        for secret in SECRETS
        if secret.encode() in content
    ]


def fetch(url: str, when: Any, **more: Any) -> dict[str, Any]:
    """Return a fetch that waits for ``when``, with a grant for who decides it."""
    return {
        "id": new_id(),
        "entry_point": FETCH,
        "call": {"args": [], "kwargs": {}},
        "fetch": {"url": url, **more},
        "when": when,
        "grants": [{"service": url, "token": GRANT}],
    }


def submit(service: ParkService, jobs: Sequence[dict[str, Any]]) -> None:
    service.request("POST", f"{API}/jobs", json=list(jobs))


def admin(service: ParkService, *words: object) -> None:
    command = [sys.executable, "-m", "park", "admin", *map(str, words)]
    subprocess.run(command, env=service.environ(), capture_output=True, timeout=LIMIT_S, check=True)


class Peer:
    """Another service, whose job ends when it is told so, and whose file is for who has paid."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.heard = threading.Event()
        self.opened_by: list[str] = []

    def __call__(self, asked: Asked) -> bytes:
        if "/follow" in asked.line:
            assert asked.headers["authorization"] == f"Bearer {GRANT}"
            leaves = json.loads(asked.body)["leaves"]
            assert {each["token"] for each in leaves} == {GRANT}
            self.heard.set()
            truth = "true" if self.may_end.is_set() else "not yet"
            return answer(json.dumps([{"truth": truth, "why": ""} for _ in leaves]).encode())
        if asked.line.startswith("GET /of"):
            self.opened_by.append(asked.headers["authorization"])
            return answer(b"counts")
        return answer(b"{}")


def test_no_file_of_a_home_and_no_backup_has_what_opens_another(tmp_path: Path) -> None:
    peer = Peer()
    options = ("--upstream", "none", "--allow-address", "127.0.0.1")
    with scripted_server(peer) as other, ParkService(tmp_path / "one", *options) as service:
        home, backup = service.home, tmp_path / "backup"
        when = condition_to_json(JobIs(job=new_id(), phase=Phase.COMPLETED, service=other.url))
        by_url = other.url.replace("//", f"//ada:{PASSWORD}@")
        jobs = [
            fetch(f"{by_url}/of-url", when),
            fetch(f"{other.url}/of-header", when, authorization=HEADER),
        ]
        for each in jobs:
            each["grants"][0]["service"] = other.url
        submit(service, jobs)
        many = [{**jobs[1], "id": new_id()} for _ in range(MOST_JOBS + 1)]  # in pieces
        submit(service, many)
        assert peer.heard.wait(LIMIT_S)
        assert found_in(home, but="sealing-key") == []
        service.kill()  # the journal is as it was
        assert (home / "park.sqlite-wal").stat().st_size
        assert found_in(home, but="sealing-key") == []
        service.start()
        service.request("POST", f"{API}/admin/rotate/identity", json={"forget": False})
        admin(service, "backup", "--home", home, backup)
        assert found_in(backup) == []
        assert not list(backup.rglob("*sealing*"))
        service.restart()  # with the key that was made meanwhile
        peer.may_end.set()
        for each in (*jobs, many[-1]):
            assert service.job_when_final(each["id"])["status"] == "completed"
        basic = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
        assert {*peer.opened_by} == {f"Basic {basic}", HEADER}
        service.stop()
        assert found_in(home, but="sealing-key") == []
        restored_with_and_without_the_key(tmp_path, peer, options, jobs)


def restored_with_and_without_the_key(
    tmp_path: Path, peer: Peer, options: Sequence[str], jobs: Sequence[dict[str, Any]]
) -> None:
    for name, (status, error) in ENDS.items():
        new = ParkService(tmp_path / name, *options)
        admin(new, "restore", "--home", new.home, tmp_path / "backup")
        if name == "with":
            key = tmp_path / "one" / "home" / "sealing-key"
            shutil.copy(key, new.home / "sealing-key.before")
        peer.opened_by.clear()
        with new:
            ended = [new.job_when_final(each["id"]) for each in jobs]
            assert {each["status"] for each in ended} == {status}
            assert all(error in (each["error"] or "") for each in ended)
            assert ("credentials of jobs were sealed" in new.log) is (name == "without")
        assert bool(peer.opened_by) is (name == "with")


ENDS = {
    "without": ("cancelled", "was sealed with a key that is not in the home"),
    "with": ("completed", ""),
}
