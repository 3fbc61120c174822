"""`park_server.peers.renewals`: what is held and bound is renewed, once a round for all jobs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
from sqlalchemy import insert
from support.labs.peer_lab import Lab, run
from support.session.limits import LIMIT_S
from support.stand_ins.elsewhere import URL

from park.errors import NotAuthenticated
from park_server.db.tables import held_grants
from park_server.peers.link import Link
from park_server.peers.renewals import Renewals
from park_server.proofs.identity import ServiceIdentity

if TYPE_CHECKING:
    from pathlib import Path


def held(lab: Lab, job: str, token: str, holder: str | None) -> None:
    lab.job(job, token="none")
    row = {"job": job, "service": URL, "token": token, "holder": holder}
    lab.database.write(lambda c: c.execute(insert(held_grants), row)).result()


def test_each_grant_is_renewed_once_in_a_round(tmp_path: Path) -> None:
    identity = ServiceIdentity(tmp_path / "identity")
    renewed: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        scheme, _, token = request.headers["authorization"].partition(" ")
        assert (request.method, scheme) == ("PUT", "DPoP")
        renewed.append(token)
        if token == "over":
            error = NotAuthenticated("the grant …over expired")
            return httpx2.Response(401, json=error.as_problem())
        return httpx2.Response(200, json={})

    async def scenario(lab: Lab) -> None:
        lab.other.answer = answer
        held(lab, "a", "shared", identity.thumbprint)
        held(lab, "b", "shared", identity.thumbprint)
        held(lab, "c", "over", identity.thumbprint)
        held(lab, "d", "unbound", None)
        rounds = asyncio.Semaphore(0)
        go = asyncio.Semaphore(0)

        async def pause(_: float) -> None:
            rounds.release()
            await go.acquire()

        async with lab.other.client() as client, asyncio.timeout(LIMIT_S):
            link = Link(URL, client, str, identity)
            renewals = Renewals(lab.database, lambda _: link, pause)
            renewals.begin()
            renewals.begin()
            await rounds.acquire()
            assert sorted(renewed) == ["over", "shared"]
            go.release()
            await rounds.acquire()
            assert sorted(renewed) == ["over", "over", "shared", "shared"]
            await renewals.stop()
            await link.stop()

    run(tmp_path, scenario)
