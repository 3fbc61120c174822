"""Grants that are bounced: each use of what one service lends another is asked of a real agent."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.own_agent import agent_ends
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.bound import Holder

import park
from park.agent.messages import Done, HoldKey
from park.cli.main import main
from park.errors import NotPermitted
from park.model.conditions import JobIs, Phase
from park.model.conditions_json import condition_to_json
from park.model.ids import new_id
from park.wire import FETCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from park.agent.client import AgentClient

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two services; ``first`` has a file and a job that left it, which ``second`` needs."""

    first: ParkService
    second: ParkService
    job: str

    @property
    def holder(self) -> str:
        """The key of the second."""
        return str(self.second.get("/api/v1")["identity"])

    def grant(self, **more: Any) -> dict[str, Any]:
        """Make a grant of the first for the second; return its record."""
        body = {"jobs": [self.job], "holder": self.holder, "lent_to": self.second.url, **more}
        record: dict[str, Any] = self.first.request("POST", "/api/v1/grants", json=body).json()
        return record

    def waiting(self) -> str:
        """Have the second fetch what the job has left, once it has: both by a bounced grant."""
        made = self.grant(bounced=True)
        held = {
            "service": self.first.url, "token": made["token"], "holder": made["holder"],
            "bounced": made["id"],
        }  # fmt: skip
        leaf = JobIs(job=self.job, phase=Phase.COMPLETED, service=self.first.url)
        fetch = {
            "url": f"{self.first.url}/api/v1/jobs/{self.job}/files/x.txt",
            "authorization": f"DPoP-Bounced {made['id']} {self.first.url}",
            "origin": self.first.url,
        }
        return submitted(self.second, fetch=fetch, grants=[held], when=condition_to_json(leaf))

    def until_why(self, job: str, said: str) -> None:
        """Wait until the second says of ``job`` what it waits for."""
        deadline = time.monotonic() + LIMIT_S
        while said not in (line := self.second.get(f"/api/v1/jobs/{job}/why")["line"]):
            assert time.monotonic() < deadline, line
            self.second.get(f"/api/v1/jobs/{job}", wait=0.1)

    def hold(self, agent: AgentClient, **more: Any) -> None:
        """Have the agent hold the logins at both."""
        second = HoldKey(service=self.second.url, token=self.second.token)
        first = HoldKey(service=self.first.url, token=self.first.token, **more)
        for key in (first, second):
            assert agent.ask(key) == Done()


def submitted(service: ParkService, **more: Any) -> str:
    job = {"id": new_id(), "entry_point": FETCH, "call": {"args": [], "kwargs": {}}, **more}
    service.request("POST", "/api/v1/jobs", json=[job])
    return str(job["id"])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    root = tmp_path_factory.mktemp("bounced")
    options = ("--upstream", "none", "--allow-address", "127.0.0.1")
    for name in ("first", "second"):
        (root / name).mkdir()
    with (
        ParkService(root / "first", *options) as first,
        ParkService(root / "second", *options) as second,
    ):
        first.request("PUT", "/api/v1/areas/files/~/x.txt", content=b"counts")
        job = submitted(first, fetch={"url": f"{first.url}/api/v1/areas/files/~/x.txt"})
        assert first.job_when_final(job)["status"] == "completed"
        yield Pair(first=first, second=second, job=job)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentClient]:
    with agent_ends(tmp_path / "state" / "agent") as client:
        yield client


@contextmanager
def confirming(folder: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> Iterator[Path]:
    """Have an agent that begins in the block ask a program that exits with ``status``."""
    folder.mkdir(exist_ok=True)
    program, asked = folder / "askpass", folder / "asked"
    program.write_text(f'#!/bin/sh\necho "$1" >> {asked}\nexit {status}\n')
    program.chmod(0o700)
    monkeypatch.setenv("PARK_ASKPASS", str(program))
    yield asked


def test_it_waits_for_an_agent_and_says_so_and_goes_on_with_one(pair: Pair, tmp_path: Path) -> None:
    for home in ("one", "two"):  # the second begins where the first was stopped
        job = pair.waiting()
        pair.until_why(job, "and none is reachable since")
        assert "the agent of" in pair.second.get(f"/api/v1/jobs/{job}")["remark"]
        with agent_ends(tmp_path / home) as agent:
            pair.hold(agent.started())
            done = pair.second.job_when_final(job)
            assert done["status"] == "completed", done
    content = pair.second.request("GET", f"/api/v1/jobs/{job}/files/x.txt").content
    assert content == b"counts"


def test_each_use_is_confirmed_where_the_user_wants_that(
    pair: Pair, agent: AgentClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with confirming(tmp_path, monkeypatch, 0) as asked:
        pair.hold(agent.started(), confirm=True)
        job = pair.waiting()
        assert pair.second.job_when_final(job)["status"] == "completed"
    lines = asked.read_text().splitlines()
    assert [line.partition("wants to ")[2] for line in lines] == [
        "be told what becomes of your jobs)",
        f"read x.txt of job …{pair.job[-6:]})",
    ]


def test_what_its_user_refuses_is_said(
    pair: Pair, agent: AgentClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with confirming(tmp_path, monkeypatch, 1):
        pair.hold(agent.started(), confirm=True)
        job = pair.waiting()
        ended = pair.second.job_when_final(job)
    assert ended["status"] == "cancelled"
    assert "its user did not confirm it" in ended["error"]


def test_a_pass_is_good_once_for_one_request_of_one_holder(pair: Pair) -> None:
    """An attacker who listens, who has what is shipped, and who wants more than was lent."""
    http = httpx2.Client(base_url=pair.first.url, timeout=LIMIT_S)
    holder, thief = Holder(), Holder()
    grant = pair.grant(bounced=True, holder=holder.name)
    job, other = f"/api/v1/jobs/{pair.job}", f"/api/v1/jobs/{new_id()}"

    def made(path: str, status: int = 200) -> str:
        answer = httpx2.post(
            f"{pair.first.url}/api/v1/grants/{grant['id']}/passes",
            headers={"Authorization": f"Bearer {pair.first.token}"},
            json={"method": "GET", "path": path},
            timeout=LIMIT_S,
        )
        assert answer.status_code == status, answer.text
        return str(answer.json().get("token"))

    with http:
        shipped = holder.ask(http, grant["token"], "GET", job)
        assert (shipped.status_code, "is bounced" in shipped.json()["detail"]) == (403, True)
        one = made(job)
        assert thief.ask(http, one, "GET", job).status_code == 401
        assert http.get(job, headers={"Authorization": f"Bearer {one}"}).status_code == 401
        assert holder.ask(http, one, "GET", f"{job}/result").status_code == 403
        assert holder.ask(http, one, "POST", "/api/v1/follow").status_code == 403
        assert holder.ask(http, one, "GET", job).status_code == 200
        again = holder.ask(http, one, "GET", job)
        assert (again.status_code, "was used" in again.json()["detail"]) == (401, True)
        made(other, 403)  # which was not lent
        made("/api/v1/tokens", 403)
        two = made(job)
        pair.first.request("DELETE", f"/api/v1/grants/{grant['id']}")
        assert holder.ask(http, two, "GET", job).status_code == 401
        made(job, 403)
        with_pass = holder.ask(http, made_of(pair, holder), "DELETE", "/api/v1/grant")
        assert with_pass.status_code == 403


def made_of(pair: Pair, holder: Holder) -> str:
    """Return a pass to read the job, of another grant."""
    grant = pair.grant(bounced=True, holder=holder.name)
    path = f"/api/v1/jobs/{pair.job}"
    answer = pair.first.request(
        "POST", f"/api/v1/grants/{grant['id']}/passes", json={"method": "GET", "path": path}
    )
    return str(answer.json()["token"])


def test_nobody_answers_what_was_answered_or_is_not_his(pair: Pair) -> None:
    answer = httpx2.put(
        f"{pair.second.url}/api/v1/passes/wanted/nothing",
        headers={"Authorization": f"Bearer {pair.second.token}"},
        json={"token": "park_grant_pass_x"},
        timeout=LIMIT_S,
    )
    assert (answer.status_code, "nobody waits" in answer.json()["detail"]) == (404, True)


@pytest.fixture
def named(
    pair: Pair, tmp_path: Path, agent: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> tuple[park.Service, park.Service]:
    """Both services as a user names them, whose agent is that of the test."""
    assert not agent.is_there()
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for name, service in (("first", pair.first), ("second", pair.second)):
        words = ["service", "add", name, service.url, "--token-file", f"{service.home / 'token'}"]
        assert main(words) == 0
    return park.remote_service("first"), park.remote_service("second")


def test_a_user_has_his_grants_bounced_and_sees_it(
    pair: Pair,
    named: tuple[park.Service, park.Service],
    agent: AgentClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = named
    bounced = park.credentials(service=first, lend="bounce")
    url = "park://first/~/x.txt"
    with pytest.raises(NotPermitted, match="holds no token") as caught, second:
        park.fetch_url(url, bounced).result()
    assert "park login" in str(caught.value.hint)
    pair.hold(agent.started())
    with second:
        fetched = park.fetch_url(url, bounced)
    assert fetched.result()["size"] == len("counts")
    capsys.readouterr()
    assert main(["grants", "--all", "-s", "first"]) == 0
    assert f"{pair.second.url} (bounced off your agent)" in capsys.readouterr().out
    assert main(["grants", "--all", "-s", "first", "--json"]) == 0
    assert any(each["bounced"] for each in json.loads(capsys.readouterr().out))


def test_a_policy_that_ships_nothing_has_all_of_it_bounced(
    pair: Pair, named: tuple[park.Service, park.Service], agent: AgentClient
) -> None:
    first, second = named
    pair.hold(agent.started())
    for service in (pair.first, pair.second):
        (service.home / "policy.toml").write_text("[grants]\nshipped = false\n")
        service.request("POST", "/api/v1/admin/policy/reload")
    try:
        with second:
            assert park.fetch_url("park://first/~/x.txt").result()["name"] == "x.txt"
        shipped = park.credentials(service=first, lend="ship")
        with pytest.raises(NotPermitted, match="the policy of"), second:
            park.fetch_url("park://first/~/x.txt", shipped).result()
        body = {"jobs": [pair.job], "holder": pair.holder, "bounced": False}
        headers = {"Authorization": f"Bearer {pair.first.token}"}
        url = f"{pair.first.url}/api/v1/grants"
        refused = httpx2.post(url, json=body, headers=headers, timeout=LIMIT_S)
        assert (refused.status_code, "policy" in refused.json()["detail"]) == (403, True)
        held = {"service": pair.first.url, "token": "t", "holder": pair.holder}
        job: dict[str, Any] = {
            "id": new_id(),
            "entry_point": FETCH,
            "call": {"args": [], "kwargs": {}},
        }
        job |= {"fetch": {"url": "http://127.0.0.1:9/"}, "grants": [held]}
        headers = {"Authorization": f"Bearer {pair.second.token}"}
        url = f"{pair.second.url}/api/v1/jobs"
        refused = httpx2.post(url, json=[job], headers=headers, timeout=LIMIT_S)
        assert (refused.status_code, "came along" in refused.json()["detail"]) == (403, True)
    finally:
        for service in (pair.first, pair.second):
            (service.home / "policy.toml").unlink()
            service.request("POST", "/api/v1/admin/policy/reload")
