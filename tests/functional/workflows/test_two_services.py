"""Jobs on one service that need what jobs on another leave: followed, brought over, given back."""

from __future__ import annotations

import sqlite3
import statistics
import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Phases
from hypothesis import strategies as st
from support.material.json_values import JSON_VALUES
from support.neighbours.ports import free_port
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after
from support.stand_ins.bound import Holder

from park.model.conditions import Comparison, JobIs, Literal, Phase
from park.model.conditions_json import condition_to_json
from park.model.ids import new_id
from park.model.references import Reference, What
from park.runtime.codec import decode, encode
from park.runtime.levels import MOST_LEVELS
from park.wire import json_body
from park_server.page.live_routes import AGAIN
from park_server.sealing.sealing import Sealing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe

    from park.model.conditions import Expression

RELEASE = "sortedcontainers", "2.4.0"
SHELL, ADD = "subprocess:check_call", "operator:add"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two services with an environment each; ``first`` has what jobs of ``second`` need."""

    first: ParkService
    second: ParkService
    lock_hash: str
    """The same on both: the same wheels, for the same platform."""
    made: list[str] = field(default_factory=list)
    """The grants of this test."""

    def submit(self, service: ParkService, entry_point: str, *args: Any, **more: Any) -> str:
        """Submit a job and return its id; it runs, unless ``memo=True`` has it answered."""
        call = {"args": list(args), "kwargs": {}}
        job = {"id": new_id(), "entry_point": entry_point, "call": call, "memo": False, **more}
        body = json_body([{"lock_hash": self.lock_hash, **job}])  # which takes any text
        service.request("POST", "/api/v1/jobs", **body)
        return str(job["id"])

    def granted(self, *jobs: str, **more: Any) -> dict[str, Any]:
        """Make a grant of the first service; return its record."""
        body = {"jobs": jobs, "holder": more.pop("holder", None) or self.holder, **more}
        grant: dict[str, Any] = self.first.request("POST", "/api/v1/grants", json=body).json()
        self.made.append(grant["id"])
        return grant

    def after(self, expression: Expression, *jobs: str) -> dict[str, Any]:
        """Return what a job of the second has that waits for ``jobs`` of the first."""
        held = self.held(self.granted(*jobs))
        return {"when": condition_to_json(expression), "grants": held}

    @property
    def holder(self) -> str:
        """The key of the second, which grants are bound to."""
        return str(self.second.get("/api/v1")["identity"])

    def held(self, grant: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what goes along with a job that needs a grant of the first."""
        return [{"service": self.first.url, "token": grant["token"], "holder": self.holder}]

    def completed(self, job: str, phase: Phase = Phase.COMPLETED) -> JobIs:
        """Return the leaf that ``job`` of the first is in ``phase``."""
        return JobIs(job=job, phase=phase, service=self.first.url)

    def to(self, job: str, what: What, **more: Any) -> Reference:
        """Return a reference to ``job`` of the first."""
        return Reference(job=job, what=what, service=self.first.url, **more)

    def until_given_back(self) -> None:
        """Wait until every grant of this test is revoked: that follows the end of its job."""
        deadline = time.monotonic() + LIMIT_S
        while any(
            each["revoked"] is None and each["id"] in self.made
            for each in self.first.get("/api/v1/grants")
        ):
            assert time.monotonic() < deadline, self.first.get("/api/v1/grants")


def started(root: Path, *options: str) -> ParkService:
    port = str(free_port())
    return ParkService(root, "--slots", "4", "--port", port, *options)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Run two services that may talk to each other."""
    root = tmp_path_factory.mktemp("two-services")
    allowed = ("--allow-address", "127.0.0.1")
    with (
        started(root / "first", *allowed) as first,
        started(root / "second", *allowed) as second,
    ):
        lock_hash = first.offer(*RELEASE)
        assert second.offer(*RELEASE) == lock_hash
        yield Pair(first=first, second=second, lock_hash=lock_hash)


@pytest.fixture
def pair(services: Pair) -> Pair:
    """Give the two services to one test."""
    return replace(services, made=[])


def held_job(pair: Pair, go: Pipe) -> str:
    """Submit a job of the first that ends when a line comes, leaving it as a file."""
    return pair.submit(pair.first, SHELL, ["sh", "-c", f"head -n1 {go} > run.refl"])


def test_a_job_takes_file_and_value_of_jobs_elsewhere(pair: Pair, go: Pipe) -> None:
    there = held_job(pair, go)
    number = pair.submit(pair.first, ADD, 20, 1)
    file, value = pair.to(there, What.FILE), pair.to(number, What.VALUE)
    grants = pair.held(pair.granted(there, number))
    copy = pair.submit(pair.second, SHELL, ["cp", file.as_json(), "copy.refl"], grants=grants)
    double = pair.submit(pair.second, ADD, value.as_json(), value.as_json(), grants=grants)
    assert pair.second.get(f"/api/v1/jobs/{copy}")["status"] == "waiting"
    go.send("q R dR dq")
    assert pair.second.job_when_final(copy)["status"] == "completed", pair.second.log
    copied = pair.second.request("GET", f"/api/v1/jobs/{copy}/files/copy.refl")
    assert copied.text == "q R dR dq\n"
    assert pair.second.result_of(double) == 42
    pair.until_given_back()


def test_the_picture_says_what_it_waits_for_elsewhere_while_it_waits(pair: Pair, go: Pipe) -> None:
    """Whoever looks is told to look again when the other service has said it."""
    there = held_job(pair, go)
    when = pair.after(pair.completed(there), there)
    here = pair.submit(pair.second, ADD, 1, 1, **when)

    def piece() -> tuple[str, dict[str, int]]:
        while True:
            answer = pair.second.request("GET", f"/api/v1/workflow?job={here}")
            if AGAIN not in answer.headers:  # nothing is newer than what it says
                break
        (found,) = (each for each in answer.json()["nodes"] if each["kind"] == "remote")
        return found["label"], found["counts"]

    said = f"check_call on {pair.first.url.removeprefix('http://')}"
    bearer = {"Authorization": f"Bearer {pair.second.token}"}
    url = f"{pair.second.url}/api/v1/events/stream"
    with httpx2.stream("GET", url, headers=bearer, timeout=LIMIT_S) as stream:
        ticks = (line for line in stream.iter_lines() if line.startswith(("retry:", "data:")))
        for _ in ticks:
            if piece() == (said, {"remote": 1}):
                break
    go.send("q R dR dq")
    assert pair.second.job_when_final(here)["status"] == "completed"
    assert piece() == (said, {"completed": 1})


ODD_VALUES = [
    *(2.0, -0.0, 1e22, 5e-324, 0.1 + 0.2, 1.7976931348623157e308),
    *(2**53 + 1, 2**63 + 1, -(2**64), 10**400),
    *("\ud800", "\U0001f600", "a\0b", {"\udcff": [{}, [], None, True]}),
]


def nested(levels: int) -> Any:
    value: Any = -0.0
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@settings(
    deadline=None,
    max_examples=3,
    phases=[Phases.generate],
    suppress_health_check=list(HealthCheck),
)
@given(values=st.lists(JSON_VALUES, min_size=60, max_size=60))
def test_values_are_the_same_after_two_services(pair: Pair, values: list[Any]) -> None:
    """As a result, through a reference, and as the result of a job elsewhere."""
    sent = [*values, *ODD_VALUES, nested(MOST_LEVELS - 1)]
    there = pair.submit(pair.first, "copy:deepcopy", encode(sent, set_hash=None))
    grants = pair.held(pair.granted(there))
    value = pair.to(there, What.VALUE).as_json()
    here = pair.submit(pair.second, "copy:deepcopy", value, grants=grants)
    for service, job in ((pair.first, there), (pair.second, here)):
        assert repr(decode(service.result_of(job), set_hash=None)) == repr(sent)


def test_a_url_of_a_file_elsewhere_is_text(pair: Pair) -> None:
    there = pair.submit(pair.first, SHELL, ["sh", "-c", "echo > 'a b.refl'"])
    url = pair.to(there, What.URL)
    grants = pair.held(pair.granted(there))
    job = pair.submit(pair.second, ADD, url.as_json(), "", grants=grants)
    text = pair.second.result_of(job)
    assert text == f"{pair.first.url}/api/v1/jobs/{there}/files/a%20b.refl"
    assert pair.first.request("GET", text.removeprefix(pair.first.url)).text == "\n"


def test_a_value_elsewhere_is_compared_where_it_is(pair: Pair) -> None:
    there = pair.submit(pair.first, ADD, 1, 1)
    value = pair.to(there, What.VALUE)
    small = Comparison(left=value, operator="<", right=Literal(value=3))
    large = Comparison(left=value, operator=">", right=Literal(value=3))
    runs = pair.submit(pair.second, ADD, 1, 1, **pair.after(small, there))
    never = pair.submit(pair.second, ADD, 1, 1, **pair.after(large, there))
    assert pair.second.job_when_final(runs)["status"] == "completed"
    assert pair.second.job_when_final(never)["status"] == "cancelled"
    pair.until_given_back()


def test_what_fails_there_cancels_here_and_the_cleanup_runs(pair: Pair) -> None:
    there = pair.submit(pair.first, SHELL, ["false"])
    value = pair.to(there, What.VALUE)
    grants = pair.held(pair.granted(there))
    needs = pair.submit(pair.second, ADD, value.as_json(), 1, grants=grants)
    failed = pair.completed(there, Phase.FAILED)
    cleanup = pair.submit(pair.second, ADD, 1, 1, **pair.after(failed, there))
    record = pair.second.job_when_final(needs)
    assert record["status"] == "cancelled"
    assert "CalledProcessError" in record["error"]
    assert "\n" not in record["error"]
    assert pair.second.job_when_final(cleanup)["status"] == "completed"


def test_a_grant_that_is_revoked_or_for_another_job_never_lets_start(pair: Pair, go: Pipe) -> None:
    there, other = held_job(pair, go), pair.submit(pair.first, ADD, 1, 1)
    grant = pair.granted(there)
    held = pair.held(grant)
    when = condition_to_json(pair.completed(there))
    waits = pair.submit(pair.second, ADD, 1, 1, when=when, grants=held)
    wrong = pair.submit(pair.second, ADD, 1, 1, **pair.after(pair.completed(there), other))
    assert "does not open job" in pair.second.job_when_final(wrong)["error"]
    assert pair.second.get(f"/api/v1/jobs/{waits}")["status"] == "waiting"
    pair.first.request("DELETE", f"/api/v1/grants/{grant['id']}")
    revoked = time.monotonic()
    assert "the grant was revoked" in pair.second.job_when_final(waits)["error"]
    assert time.monotonic() - revoked < 20  # it did not take until the next poll
    later = pair.submit(pair.second, ADD, 1, 1, when=when, grants=held)
    record = pair.second.job_when_final(later)
    assert record["status"] == "cancelled"
    assert "was revoked at" in record["error"]
    go.send("end")


def test_a_grant_opens_its_job_over_http_and_nothing_else(pair: Pair) -> None:
    there, other = (pair.submit(pair.first, ADD, 1, number) for number in (1, 2))
    pair.first.job_when_final(there)
    holder = Holder()
    token = pair.granted(there, holder=holder.name)["token"]
    with httpx2.Client(base_url=pair.first.url) as http:

        def status(path: str) -> int:
            return int(holder.ask(http, token, "GET", path).status_code)

        assert status(f"/api/v1/jobs/{there}") == 200
        assert status(f"/api/v1/jobs/{there}/result") == 200
        assert status(f"/api/v1/jobs/{there}/logs/stdout") == 403
        assert status(f"/api/v1/jobs/{other}") == 403
        assert status("/simple/") == 403


def test_who_reads_the_database_of_the_holder_can_use_nothing_of_it(pair: Pair, go: Pipe) -> None:
    there = held_job(pair, go)
    waits = pair.submit(pair.second, ADD, 1, 1, **pair.after(pair.completed(there), there))
    with sqlite3.connect(f"file:{pair.second.home / 'park.sqlite'}?mode=ro", uri=True) as database:
        query = "select token from held_grants where job = ?"
        (sealed,) = database.execute(query, (waits,)).fetchone()
    database.close()
    token = Sealing(pair.second.home / "sealing-key").opened(sealed)  # who has its key, too
    path = f"/api/v1/jobs/{there}"
    with httpx2.Client(base_url=pair.first.url) as http:
        for answer in (
            http.get(path, headers={"Authorization": f"Bearer {token}"}),
            Holder().ask(http, token, "GET", path),
            Holder().ask(http, token, "DELETE", "/api/v1/grant"),
        ):
            assert answer.status_code == 401
    go.send("end")
    assert pair.second.job_when_final(waits)["status"] == "completed"


def test_a_key_that_is_rotated_signs_for_what_was_lent_before(pair: Pair, go: Pipe) -> None:
    there = held_job(pair, go)
    before = pair.holder
    waits = pair.submit(pair.second, ADD, 1, 1, **pair.after(pair.completed(there), there))
    made = pair.second.request("POST", "/api/v1/admin/rotate/identity", json={}).json()
    assert made["identity"] == pair.holder != before
    go.send("end")
    assert pair.second.job_when_final(waits)["status"] == "completed"
    pair.until_given_back()


def test_an_address_that_is_not_allowed_is_refused_with_the_option(
    pair: Pair, tmp_path: Path
) -> None:
    there = pair.submit(pair.first, ADD, 1, 1)
    with started(tmp_path / "strict") as strict:
        strict.offer(*RELEASE)
        job = pair.submit(strict, ADD, 1, 1, **pair.after(pair.completed(there), there))
        record = strict.job_when_final(job)
    assert record["status"] == "cancelled"
    assert "does not connect to 127.0.0.1" in record["error"]
    assert "park serve --allow-address 127.0.0.1" in record["error"]


def test_what_refers_to_jobs_elsewhere_is_known_again(pair: Pair) -> None:
    def workflow() -> tuple[str, str, str]:
        there = pair.submit(pair.first, ADD, 20, 5, memo=True)
        shell = ["sh", "-c", "echo known > known.refl"]
        written = pair.submit(pair.first, SHELL, shell, memo=True)
        facts = pair.after(pair.completed(there), there)
        added = pair.submit(
            pair.second, ADD, pair.to(there, What.VALUE).as_json(), 1, memo=True, **facts
        )
        copied = pair.submit(
            pair.second,
            SHELL,
            ["cp", pair.to(written, What.FILE).as_json(), "known-copy.refl"],
            memo=True,
            grants=pair.after(pair.completed(written), written)["grants"],  # ends with its job
        )
        return written, added, copied

    first = workflow()
    pair.second.job_when_final(first[2])
    again = workflow()
    for name, service in enumerate((pair.first, pair.second, pair.second)):
        before, after = (service.job_when_final(each[name]) for each in (first, again))
        assert (before["status"], after["status"]) == ("completed", "completed"), after["error"]
        assert (before["attempt"], after["attempt"]) == (1, 0)
        assert after["memoized_from"] == before["id"]
        assert after["files"] == before["files"]


@pytest.mark.slow
@pytest.mark.parametrize("killed", slow_after(1, ["both", "first", "second"]))
def test_kill_9_of_either_side_loses_nothing(pair: Pair, go: Pipe, killed: str) -> None:
    there = held_job(pair, go)
    copy = pair.submit(
        pair.second,
        SHELL,
        ["cp", pair.to(there, What.FILE).as_json(), "copy.refl"],
        **pair.after(pair.completed(there), there),
    )
    pair.first.event(there, "running")
    victims = [pair.first] if killed == "first" else [pair.second]
    victims = [pair.first, pair.second] if killed == "both" else victims
    for victim in victims:
        victim.kill()
    go.send("kept")
    for victim in victims:
        victim.start()
    both_up = time.monotonic()
    ended = pair.first.job_when_final(there)
    assert ended["status"] == "completed"
    record = pair.second.job_when_final(copy)
    took_s = time.monotonic() - both_up
    assert record["status"] == "completed", record
    queued = pair.second.event(copy, "queued")["time"]
    known = max(moment(ended["finished"]), time.time() - took_s)
    assert moment(queued) - known < 10  # nor until the end of a poll
    copied = pair.second.request("GET", f"/api/v1/jobs/{copy}/files/copy.refl")
    assert copied.text == "kept\n"
    pair.until_given_back()


def test_a_service_that_is_down_is_named_to_those_who_wait(pair: Pair, go: Pipe) -> None:
    there = held_job(pair, go)
    job = pair.submit(pair.second, ADD, 1, 1, **pair.after(pair.completed(there), there))
    host = pair.first.url.removeprefix("http://")
    pair.first.event(there, "running")
    pair.first.kill()
    deadline = time.monotonic() + LIMIT_S
    why = ""
    while "has not answered since" not in why:
        assert time.monotonic() < deadline, why
        why = str(pair.second.get(f"/api/v1/jobs/{job}/why"))
    assert f"{host} has not answered since" in why
    go.send("end")
    pair.first.start()
    assert pair.second.job_when_final(job)["status"] == "completed"


def test_a_job_there_starts_a_job_here_and_waits_for_no_poll(pair: Pair, go: Pipe) -> None:
    """The figure is measured by the benchmarks; this sees that nothing waits for a poll."""
    delays: list[float] = []
    for _ in range(9):
        there = held_job(pair, go)
        job = pair.submit(pair.second, ADD, 1, 1, **pair.after(pair.completed(there), there))
        pair.first.event(there, "running")
        go.send("end")
        here = pair.second.job_when_final(job)
        finished = pair.first.job_when_final(there)["finished"]
        delays.append(moment(here["started"]) - moment(finished))
    assert statistics.median(delays) < 10, delays  # a poll takes 30 s


def moment(text: str) -> float:
    """Return a time of a record as Unix time."""
    return datetime.fromisoformat(text).timestamp()
