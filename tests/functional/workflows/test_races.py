"""Races on two real services, of which either is killed in the middle, or both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.pipes import Pipe
from support.neighbours.ports import free_port
from support.services.park_client import REPOSITORY
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after

from park.model.conditions import Comparison, Literal
from park.model.conditions_json import condition_to_json
from park.model.ids import new_id
from park.model.references import Reference, What
from park.wire import RACE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.services.park_client import Scientist

pytestmark = pytest.mark.slow

EXAMPLE = REPOSITORY / "examples" / "race.py"

RUN = """
import contextlib, io, json, runpy, sys
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    names = runpy.run_path(sys.argv[1], run_name="__main__")
print(json.dumps({"printed": printed.getvalue(), "kept": [
    str(job.wait().status) for job in names["searches"]]}))
"""

RELEASE = "sortedcontainers", "2.4.0"
SHELL = "subprocess:check_call"


@dataclass(frozen=True, kw_only=True)
class Track:
    """Two services with the same environment; races are on ``home``."""

    home: ParkService
    away: ParkService
    lock_hash: str

    def submit(self, service: ParkService, document: dict[str, Any]) -> str:
        """Submit a job or a race; return its id."""
        job = {"id": new_id(), **document}
        service.request("POST", "/api/v1/jobs", json=[job])
        return str(job["id"])

    def held(self, service: ParkService, go: Pipe) -> str:
        """Submit a job that ends when a line comes, which it leaves as a file."""
        call = {"args": [["sh", "-c", f"head -n1 {go} > best.txt"]], "kwargs": {}}
        document = {"entry_point": SHELL, "call": call, "lock_hash": self.lock_hash}
        return self.submit(service, document)

    def race(self, here: str, there: str, **terms: Any) -> str:
        """Let a job of ``home`` race with one of ``away``."""
        competitors = [{"job": here}, {"job": there, "service": self.away.url}]
        document = {
            "entry_point": RACE,
            "call": {"args": [], "kwargs": {}},
            "race": {"competitors": competitors, **terms},
            "grants": self.granted(there),
        }
        return self.submit(self.home, document)

    def granted(self, there: str) -> list[dict[str, Any]]:
        """Return a grant that lets ``home`` read and end a job of ``away``."""
        holder = self.home.get("/api/v1")["identity"]
        body = {"jobs": [there], "stops": [there], "holder": holder}
        token = self.away.request("POST", "/api/v1/grants", json=body).json()["token"]
        return [{"service": self.away.url, "token": token, "holder": holder}]

    def until_given_back(self) -> None:
        """Wait until no grant opens anything any more: each race is done with its orders."""
        deadline = time.monotonic() + LIMIT_S
        while any(each["revoked"] is None for each in self.away.get("/api/v1/grants")):
            assert time.monotonic() < deadline, self.away.get("/api/v1/grants")


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Track]:
    """Run two services that may talk to each other, on ports that they keep."""
    root = tmp_path_factory.mktemp("races")
    options = ("--slots", "4", "--allow-address", "127.0.0.1")
    with (
        ParkService(root / "home", "--port", str(free_port()), *options) as home,
        ParkService(root / "away", "--port", str(free_port()), *options) as away,
    ):
        lock_hash = home.offer(*RELEASE)
        assert away.offer(*RELEASE) == lock_hash
        yield Track(home=home, away=away, lock_hash=lock_hash)


@pytest.fixture
def gates(tmp_path: Path) -> Iterator[tuple[Pipe, Pipe]]:
    """Give a pipe that the job of ``home`` waits for, and one for that of ``away``."""
    with Pipe(tmp_path / "here") as here, Pipe(tmp_path / "there") as there:
        yield here, there


@pytest.mark.parametrize("killed", slow_after(1, ["both", "home", "away"]))
@pytest.mark.parametrize("winner", ["here", "there"])
def test_a_race_ends_right_whoever_is_killed(
    track: Track, gates: tuple[Pipe, Pipe], winner: str, killed: str
) -> None:
    here, there = (
        track.held(service, gate)
        for service, gate in zip((track.home, track.away), gates, strict=True)
    )
    race = track.race(here, there)
    needs = track.submit(
        track.home,
        {
            "entry_point": SHELL,
            "call": {
                "args": [["cp", {"$park": "reference", "job": race, "what": "file"}, "copy"]],
                "kwargs": {},
            },
            "lock_hash": track.lock_hash,
        },
    )
    track.home.event(here, "running")
    track.away.event(there, "running")
    victims = [
        service
        for name, service in (("home", track.home), ("away", track.away))
        if killed in {name, "both"}
    ]
    for victim in victims:
        victim.kill()
    gates[winner == "there"].send("the best")
    for victim in victims:
        victim.start()
    record = track.home.job_when_final(race)
    assert record["status"] == "completed", record
    (won,) = record["race"]["winners"]
    assert won["job"] == {"here": here, "there": there}[winner]
    assert [file["name"] for file in record["files"]] == ["best.txt"]
    assert track.home.job_when_final(needs)["status"] == "completed"
    assert track.home.request("GET", f"/api/v1/jobs/{needs}/files/copy").text == "the best\n"
    loser = (track.away, there) if winner == "here" else (track.home, here)
    assert loser[0].job_when_final(loser[1])["status"] == "cancelled"
    track.until_given_back()
    assert track.home.get(f"/api/v1/jobs/{race}")["race"]["unconfirmed"] == []


def test_a_service_that_is_down_keeps_no_race_from_ending_and_hears_of_it_later(
    track: Track, gates: tuple[Pipe, Pipe]
) -> None:
    here, there = track.held(track.home, gates[0]), track.held(track.away, gates[1])
    race = track.race(here, there)
    track.away.event(there, "running")
    track.home.event(here, "running")
    track.away.kill()
    gates[0].send("the best")
    record = track.home.job_when_final(race)
    assert (record["status"], record["race"]["unconfirmed"]) == ("completed", [there])
    why = track.home.get(f"/api/v1/jobs/{race}/why")
    assert "still to be confirmed elsewhere" in why["line"]
    track.home.restart()
    track.away.start()
    assert track.away.job_when_final(there)["status"] == "cancelled"
    track.until_given_back()
    assert track.home.get(f"/api/v1/jobs/{race}")["race"]["unconfirmed"] == []


def test_ranks_of_another_service_are_compared_as_well(track: Track) -> None:
    numbers = {}
    for service, number in ((track.home, 7), (track.away, 5)):
        document = {
            "entry_point": "operator:add",
            "call": {"args": [number, 0], "kwargs": {}},
            "lock_hash": track.lock_hash,
        }
        numbers[service.url] = track.submit(service, document)
    here, there = numbers[track.home.url], numbers[track.away.url]
    track.home.job_when_final(here)
    track.away.job_when_final(there)

    def entry(job: str, service: str | None = None) -> dict[str, Any]:
        value = Reference(job=job, what=What.VALUE, service=service)
        less = Comparison(left=value, operator="<", right=Literal(value=1))
        return {
            "job": job,
            "service": service,
            "good_enough": condition_to_json(less),
            "rank": value.as_json(),
        }

    race = track.submit(
        track.home,
        {
            "entry_point": RACE,
            "call": {"args": [], "kwargs": {}},
            "race": {
                "competitors": [entry(here), entry(there, track.away.url)],
                "if_none": "best",
            },
            "grants": track.granted(there),
        },
    )
    record = track.home.job_when_final(race)
    assert record["status"] == "completed", record
    assert [(each["job"], each["rank"]) for each in record["race"]["winners"]] == [(there, 5.0)]
    assert track.home.result_of(race) == 5
    track.until_given_back()


def test_the_example_finds_the_valley(scientist: Scientist) -> None:
    ran = scientist.client.script(RUN, EXAMPLE)
    first, second = ran["printed"].splitlines()
    assert first.startswith("at 3.00, misfit ")
    assert second == "won by the search from 3 of 4"
    assert ran["kept"][2] == "completed"
