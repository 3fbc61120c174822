"""Jobs that wait for what other services have."""

from __future__ import annotations

import json
from pathlib import Path

from support.labs.schedule_lab import USER, lab, run

from park.model.conditions import JobIs, Phase, any_of
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.truth import TRUE, never
from park.wire import HeldGrant
from park_server.db.tables import staged

ELSEWHERE = "https://sns.example.org/park"


class ToldPeers:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def follow(self, job: str) -> None:
        self.asked.append(("watch", job))

    def stage(self, job: str) -> None:
        self.asked.append(("stage", job))

    def order(self, race: str) -> None:
        self.asked.append(("order", race))

    def release(self, job: str) -> None:
        self.asked.append(("release", job))

    def remark(self, job: str) -> str:
        return f"sns.example.org has not answered {job}"

    def said(self, job: str) -> dict[int, str]:
        return {0: f"{job} goes on"}


GRANT = [HeldGrant(service=ELSEWHERE, token="secret")]


def test_what_lives_elsewhere_is_followed_staged_and_released(tmp_path: Path) -> None:
    async def test() -> None:
        peers = ToldPeers()
        async with lab(tmp_path, peers=peers) as here:
            there = Reference(job="far", what=What.VALUE, service=ELSEWHERE)
            await here.submit("a", there, grants=GRANT)
            assert peers.asked == [("watch", "a")]
            why = here.database.read(lambda c: here.scheduler.explainer().why(c, "a", USER))
            assert why.line == (
                f"job far completed: not known yet from {ELSEWHERE}"
                " (sns.example.org has not answered a)"
            )
            await here.events.leaf_decided(JobId("a"), 0, TRUE)
            await here.events.leaf_decided(JobId("a"), 0, TRUE)  # told twice
            assert (peers.asked[1:], here.status("a")) == ([("stage", "a")], ["waiting"])
            why = here.database.read(lambda c: here.scheduler.explainer().why(c, "a", USER))
            assert why.line.startswith(f"what it refers to on {ELSEWHERE} is brought here")
            reference = json.dumps(there.as_json(), sort_keys=True)
            row = {"job": "a", "reference": reference, "document": 42}
            here.database.write(lambda c: c.execute(staged.insert(), row)).result()
            await here.events.staged(JobId("a"))
            order = await here.started()
            assert here.call_of(order)["args"] == [42]
            here.complete(order)
            await here.final("a")
            assert peers.asked[-1] == ("release", "a")

    run(test)


def test_what_is_never_elsewhere_cancels_here(tmp_path: Path) -> None:
    async def test() -> None:
        peers = ToldPeers()
        async with lab(tmp_path, peers=peers) as here:
            far = JobIs(job="far", phase=Phase.COMPLETED, service=ELSEWHERE)
            near = JobIs(job="near", phase=Phase.COMPLETED)
            await here.submit("near")
            await here.submit("all", when=far)
            await here.submit("any", when=any_of([far, near]))
            await here.submit("stage", Reference(job="far", what=What.FILE, service=ELSEWHERE))
            for job in ("all", "any"):
                await here.events.leaf_decided(JobId(job), 0, never("it failed there"))
            assert here.status("all", "any") == ["cancelled", "waiting"]
            assert here.scheduler.record(JobId("all"), USER).error == "it failed there"
            await here.events.leaf_decided(JobId("stage"), 0, TRUE)
            await here.events.cannot_stage(JobId("stage"), "404 for run.refl")
            assert here.scheduler.record(JobId("stage"), USER).error == "404 for run.refl"
            assert await here.run_next() == "near"
            assert await here.run_next() == "any"

    run(test)


def test_peers_are_asked_again_after_a_restart(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path, peers=ToldPeers()) as before:
            far = JobIs(job="far", phase=Phase.COMPLETED, service=ELSEWHERE)
            await before.submit("watch", when=far, grants=GRANT)
            await before.submit("stage", Reference(job="far", what=What.URL, service=ELSEWHERE))
            await before.submit("evaluated", when=any_of([far, far]))
            await before.events.leaf_decided(JobId("stage"), 0, TRUE)
            await before.events.leaf_decided(JobId("evaluated"), 0, TRUE)
            await before.submit("ended", when=far, grants=GRANT)
            await before.scheduler.cancel(JobId("ended"), USER)
        peers = ToldPeers()
        async with lab(tmp_path, peers=peers) as here:
            assert set(peers.asked) == {
                ("watch", "watch"),
                ("stage", "stage"),
                ("release", "ended"),
            }
            assert (await here.started()).job_id == "evaluated"

    run(test)
