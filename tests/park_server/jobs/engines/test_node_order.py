"""What a node is told of an attempt is that of the newest, and of no other."""

from __future__ import annotations

from pathlib import Path

from park.model.ids import JobId
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.node_order import read_order, write_order


def test_an_order_is_found_again_for_its_own_attempt_alone(tmp_path: Path) -> None:
    assert read_order(tmp_path, 1) is None
    order = StartOrder(
        job_id=JobId("job"),
        attempt=2,
        directory=tmp_path,
        environment=Path("/env"),
        lock_hash="ab",
        entry_point="lab:f",
        set_hash="",
    )
    write_order(order)
    found = read_order(tmp_path, 2)
    assert found is not None
    assert (found.lock_hash, found.order["entry_point"]) == ("ab", "lab:f")
    assert read_order(tmp_path, 1) is None
