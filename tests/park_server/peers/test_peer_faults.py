"""Whatever raises between this service and another: no job is left waiting for it."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert
from support.faults.injection import Fault
from support.labs.databases import database_at
from support.labs.rows import add_job
from support.labs.user_room import UserRoom
from support.session.limits import LIMIT_S
from support.stand_ins.elsewhere import URL, Elsewhere, leaf

from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.truth import Truth, Verdict
from park_repo.database import Database
from park_server.content import ContentStore
from park_server.db.tables import held_grants, remote_leaves
from park_server.egress.addresses import AddressPolicy
from park_server.peers import peer_rows
from park_server.peers.peers import ServicePeers

DATA = bytes(range(256))
JOBS = {"stages", "fails", "follows", "barred"}
STEPS = [
    ("database", "read"),
    ("database", "awrite"),
    ("listener", "leaf_decided"),
    ("listener", "staged"),
    ("listener", "cannot_stage"),
    ("content", "has"),
    ("content", "receive"),
    ("peers", "_decided"),
    ("peers", "_follower"),
    ("peers._stager", "_documents"),
    ("peers._stager", "_link"),
    *[
        ("rows", name)
        for name in (
            "undecided",
            "held_by",
            "lent_in",
            "references_to_stage",
            "staged_references",
            "write_staged",
        )
    ],
]


class Listener:
    """Notes which jobs it was told of, whatever that was."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        self.all_told = asyncio.Event()

    async def leaf_decided(self, job: str, position: int, verdict: Verdict) -> None:
        del position, verdict
        self._note(job)

    async def staged(self, job: str) -> None:
        self._note(job)

    async def cannot_stage(self, job: str, why: str) -> None:
        del why
        self._note(job)

    def _note(self, job: str) -> None:
        self.told.add(job)
        if self.told >= JOBS:
            self.all_told.set()


def _inserted(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    connection.execute(insert(table), row)


def written(database: Database) -> None:
    """Write the jobs, with what they need of another service."""
    value = Reference(job="far", what=What.VALUE, service=URL)
    file = Reference(job="far", what=What.FILE, name="run.refl", service=URL)
    unknown = Reference(job="unknown", what=What.VALUE, service=URL)
    needs = {"stages": [value, file], "fails": [unknown], "follows": [], "barred": []}
    for name, references in needs.items():
        arguments = [each.as_json() for each in references]
        database.write(partial(add_job, job=name, user="ada", arguments=arguments)).result()
        grant = {"job": name, "service": f"{URL}/", "token": "good"}
        database.write(partial(_inserted, table=held_grants, row=grant)).result()
    for name, service in (("follows", URL), ("barred", "ftp://x.example")):
        row = {
            "job": name,
            "position": 0,
            "service": service,
            "leaf": leaf("far"),
            "truth": str(Truth.NOT_YET),
            "why": "",
        }
        database.write(partial(_inserted, table=remote_leaves, row=row)).result()


async def all_hear(root: Path, database: Database, step: tuple[str, str], fault: Fault) -> None:
    """Ask another service for all jobs, while ``step`` raises; each is told of all the same."""
    other, listener, content = Elsewhere(), Listener(), ContentStore(root / "files")
    other.results["far"] = "run.refl"
    other.files["far"] = {"run.refl": DATA}
    sha256 = hashlib.sha256(DATA).hexdigest()
    other.records["far"] = [{"name": "run.refl", "sha256": sha256, "size": len(DATA)}]
    other.say("far")
    peers = ServicePeers(
        database=database,
        content=content,
        addresses=AddressPolicy(),
        listener=listener,
        opened=str,
        client=other.client,
        room=UserRoom().begun,
    )
    whole = SimpleNamespace(
        database=database, content=content, listener=listener, peers=peers, rows=peer_rows
    )
    with fault.at_step(whole, step):
        for job in ("stages", "fails"):
            peers.stage(JobId(job))
        for job in ("follows", "barred"):
            peers.follow(JobId(job))
        await asyncio.wait_for(listener.all_told.wait(), LIMIT_S)
    await peers.stop()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=".".join)
def test_an_exception_at_any_step_leaves_no_job_waiting(
    tmp_path: Path, step: tuple[str, str], *, after: bool
) -> None:
    at = 0
    while True:
        at += 1
        root = tmp_path / str(at)
        root.mkdir()
        database = database_at(root)
        written(database)
        fault: Any = Fault(at, after=after)
        asyncio.run(all_hear(root, database, step, fault))
        database.close()
        if fault.at:
            return
