"""A service that lies to others: it ends the jobs that ask it, and reaches nothing else."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.bound import Holder
from support.stand_ins.scripted_server import (
    Asked,
    Script,
    ScriptedServer,
    answer,
    scripted_server,
)

from park.model.ids import new_id
from park.model.references import Reference, What
from park.wire import API, FETCH

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASE = "sortedcontainers", "2.4.0"
LONGEST_LINE = 5_000
"""Characters that a job keeps of why it ended, at the most."""

DATA = b"counts"
SHA256 = "0d9c5a2b" * 8
"""Of other content."""

PLAIN: dict[str, Any] = {"name": "run.txt", "sha256": SHA256, "size": len(DATA)}
LIARS = "of the liar"
CLEAR = "\x1b[2J\n"


@dataclass(frozen=True, kw_only=True)
class World:
    """``lab`` asks whom it is told to; ``honest`` has what a liar would like to have."""

    lab: ParkService
    honest: ParkService
    lock_hash: str
    job: str
    """One of ``honest``, which has ended."""

    @property
    def holder(self) -> str:
        """The key of the lab."""
        return str(self.lab.get(API)["identity"])

    def asks(self, liar: ScriptedServer, what: What, token: str = LIARS) -> str:
        """Submit a job of the lab that needs what a job of the liar left; return its id."""
        needed = Reference(job=new_id(), what=what, service=liar.url)
        held = {"service": liar.url, "token": token, "holder": self.holder}
        job = {
            "id": new_id(),
            "entry_point": "operator:add",
            "lock_hash": self.lock_hash,
            "call": {"args": [needed.as_json(), 1], "kwargs": {}},
            "grants": [held],
        }
        self.lab.request("POST", f"{API}/jobs", json=[job])
        return str(job["id"])

    def grant(self, holder: Holder, **more: Any) -> dict[str, Any]:
        """Make a grant of the honest service for its job; return the record with the token."""
        body = {"jobs": [self.job], "holder": holder.name, **more}
        made: dict[str, Any] = self.honest.request("POST", f"{API}/grants", json=body).json()
        return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("lying-peers")
    options = ("--upstream", "none", "--allow-address", "127.0.0.1")
    for name in ("lab", "honest"):
        (root / name).mkdir()
    with (
        ParkService(root / "lab", "--allow-address", "127.0.0.1") as lab,
        ParkService(root / "honest", *options) as honest,
    ):
        honest.request("PUT", f"{API}/areas/files/~/x.txt", content=DATA)
        call: dict[str, Any] = {"args": [], "kwargs": {}}
        fetch = {"url": f"{honest.url}{API}/areas/files/~/x.txt"}
        job = {"id": new_id(), "entry_point": FETCH, "call": call, "fetch": fetch}
        honest.request("POST", f"{API}/jobs", json=[job])
        lock_hash = lab.offer(*RELEASE)
        assert honest.job_when_final(str(job["id"]))["status"] == "completed"
        yield World(lab=lab, honest=honest, lock_hash=lock_hash, job=str(job["id"]))


def told(result: Any = None, **record: Any) -> bytes:
    """Return what a service answers of a job that completed."""
    job = {"status": "completed", "error": None, "files": [], **record}
    return answer(json.dumps({"job": job, "result": result}).encode())


def says(said: bytes) -> Script:
    """Return what says that every job has ended, and then ``said`` of it."""

    def script(asked: Asked) -> bytes:
        if "/follow" in asked.line:
            return answer(json.dumps([{"truth": "true", "why": CLEAR}]).encode())
        return answer(DATA) if "/files/" in asked.line else said

    return script


def failed(error: str) -> bytes:
    job = {"status": CLEAR, "error": error, "files": []}
    return answer(json.dumps({"job": job}).encode())


def problem(detail: str) -> bytes:
    said = {"type": "urn:park:problem:unknown-item", "title": CLEAR, "detail": detail}
    return answer(json.dumps(said).encode(), status="404 Not Found")


LIES = {
    "a pickle": (What.VALUE, told({"$park": "pickle", "base64": "gASVAAAA", "set_hash": "s"})),
    "a file of the lab": (What.VALUE, told({"$park": "service-file", "path": "~/x.txt"})),
    "no end of brackets": (What.VALUE, answer(b"[" * 1_000_000)),
    "nested beyond reading": (What.VALUE, told(json.loads("[" * 400 + "]" * 400))),
    "a long story": (What.VALUE, failed(CLEAR * 1_000_000)),
    "a long refusal": (What.VALUE, problem(CLEAR * 1_000_000)),
    "no job": (What.VALUE, answer(b'{"result": 1}')),
    "a list": (What.VALUE, answer(b"[1]")),
    "a digest that is a path": (What.FILE, told(files=[PLAIN | {"sha256": "../../token"}])),
    "a name that leads out": (What.FILE, told(files=[PLAIN | {"name": "../../../x"}])),
    "less than nothing": (What.FILE, told(files=[PLAIN | {"size": -1}])),
    "more than there is": (What.FILE, told(files=[PLAIN | {"size": 1 << 62}])),
    "other content": (What.FILE, told(files=[PLAIN])),
    "content without an end": (What.FILE, told(files=[PLAIN | {"size": 3}])),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_the_end_of_the_job_that_asked_and_a_line(world: World, lie: str) -> None:
    what, said = LIES[lie]
    with scripted_server(says(said)) as liar:
        job = world.asks(liar, what)
        why = world.lab.job_when_final(job)["error"]
        assert world.lab.job_when_final(job)["status"] == "cancelled"
    assert len(why) < LONGEST_LINE
    assert "\n" not in why
    assert "failed to bring here" not in why, world.lab.log  # which tells of a defect


def test_what_a_liar_was_sent_opens_nothing_elsewhere(world: World) -> None:
    """It has the token of another service and a proof, signed by whom that is bound to."""
    body = {"jobs": [world.job], "holder": world.holder}
    token = world.honest.request("POST", f"{API}/grants", json=body).json()["token"]
    with scripted_server(says(told(1))) as liar:
        job = world.asks(liar, What.VALUE, token)
        assert world.lab.job_when_final(job)["status"] == "completed"
        sent = next(each.headers for each in liar.asked if "/result" in each.line)
    headers = {name: sent[name] for name in ("authorization", "dpop")}
    assert headers["authorization"] == f"DPoP {token}"
    path = f"{API}/jobs/{world.job}"
    with httpx2.Client(base_url=world.honest.url, timeout=LIMIT_S) as http:
        for each in (headers, {"authorization": f"Bearer {token}"}):
            assert http.get(path, headers=each).status_code == 401
            assert http.get(f"{path}/result", headers=each).status_code == 401
        assert Holder().ask(http, token, "GET", path).status_code == 401


def test_who_was_lent_a_grant_gets_no_more_of_it(world: World) -> None:
    """A liar uses what was lent to itself: wider, twice, elsewhere, and after its end."""
    liar, path = Holder(), f"{API}/jobs/{world.job}"
    grant = world.grant(liar)
    token = grant["token"]
    with (
        httpx2.Client(base_url=world.honest.url, timeout=LIMIT_S) as http,
        httpx2.Client(base_url=world.lab.url, timeout=LIMIT_S) as other,
    ):

        def status(method: str, path: str, **arguments: Any) -> int:
            return int(liar.ask(http, token, method, path, **arguments).status_code)

        assert status("GET", path) == 200
        wider = {"jobs": [world.job, new_id()], "holder": liar.name}
        refused: list[tuple[str, str, dict[str, Any]]] = [
            ("GET", f"{API}/jobs", {}),
            ("GET", f"{API}/jobs/{new_id()}", {}),
            ("GET", f"{API}/areas/files/~/x.txt", {}),
            ("GET", f"{path}/logs/stdout", {}),
            ("POST", f"{path}/cancel", {}),
            ("POST", f"{API}/jobs", {"json": []}),
            ("POST", f"{API}/grants", {"json": wider}),
            ("GET", f"{API}/grants", {}),
            ("GET", f"{API}/tokens", {}),
            ("GET", "/simple/", {}),
            ("POST", f"{API}/grants/{grant['id']}/passes", {"json": {"method": "GET"}}),
        ]
        for method, asked, arguments in refused:
            assert status(method, asked, **arguments) in {401, 403}, asked
        assert liar.ask(other, token, "GET", path).status_code == 401, "another audience"
        headers = liar.headers("GET", f"{world.honest.url}{path}", token)
        assert http.get(path, headers=headers).status_code == 200
        assert http.get(path, headers=headers).status_code == 401, "replayed"
        assert http.get(f"{path}/result", headers=headers).status_code == 401, "for another path"
        world.honest.request("DELETE", f"{API}/grants/{grant['id']}")
        assert status("GET", path) == 401
        assert status("PUT", f"{API}/grant") == 401, "renewed after its end"

        token = world.grant(liar, expires_s=1, renewable_s=1)["token"]
        deadline = time.monotonic() + LIMIT_S
        while status("GET", path) != 401:
            assert time.monotonic() < deadline
        assert status("PUT", f"{API}/grant") == 401
