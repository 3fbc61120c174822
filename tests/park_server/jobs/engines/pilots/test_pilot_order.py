"""What a worker is told: one fork server for each environment, module and user."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.labs.job_lab import cages_of_operator

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.pilots.pilot_order import PilotOrders
from park_server.jobs.engines.runtime_copy import RuntimeCopy


@pytest.fixture
def orders(tmp_path: Path) -> PilotOrders:
    runtime = RuntimeCopy(folder=tmp_path / "runtime" / "ab", sha256="ab")
    return PilotOrders(tmp_path, runtime, cages_of_operator(tmp_path))


def server_of(told: dict[str, Any]) -> dict[str, Any]:
    place = Path(told["server"])
    assert place.stat().st_mode & 0o077 == 0  # it has variables of the service
    found: dict[str, Any] = json.loads(place.read_text())
    return found


def test_jobs_of_one_module_share_a_fork_server_and_others_do_not(
    tmp_path: Path, orders: PilotOrders
) -> None:
    environment = tmp_path / "environment"
    environment.mkdir()
    order = StartOrder(
        job_id=JobId("a"),
        attempt=1,
        directory=tmp_path / "jobs" / "a",
        environment=environment,
        lock_hash="lock",
        entry_point="lab:f",
        set_hash="",
        user="ada",
        call="{}",
    )
    told = orders.told(order)
    assert json.loads(json.dumps(told)) == told
    assert told["order"]["call"] == "{}"
    assert server_of(told)["settings"]["module"] == "lab"
    same = orders.told(replace(order, job_id=JobId("b"), entry_point="lab:g"))
    assert same["server"] == told["server"]
    others = [
        replace(order, user="ben"),
        replace(order, entry_point="other:f"),
        replace(order, fresh=True),
        replace(order, lock_hash="other"),
    ]
    places = {orders.told(other)["server"] for other in others}
    assert len({told["server"], *places}) == 5
    assert server_of(orders.told(others[2]))["settings"]["module"] is None
    reusing = orders.told(replace(order, resources=Resources(reuse=True)))
    assert reusing["server"] == told["server"]
    assert [told["order"][name] for name in ("reuse", "memo")] == [False, True]
    # what it used would be what those before it did, too
    assert [reusing["order"][name] for name in ("reuse", "memo")] == [True, False]
