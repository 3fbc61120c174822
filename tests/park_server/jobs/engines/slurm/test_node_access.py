"""What a batch job runs: here what brings the rest, with nothing of the service's folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from park.model.ids import JobId
from park_server.jobs.engines.attempt_tokens import AttemptTokens
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.slurm.node_access import OwnStores


def test_nodes_with_stores_of_their_own_get_a_token_and_no_path_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_NODE_PATIENCE_S", "5")
    tokens = AttemptTokens(b"k")
    script = Path("/service/bootstrap.py")
    placing = OwnStores(
        store=Path("/scratch/park"), url="https://lab/park", tokens=tokens, bootstrap=script
    )
    order = StartOrder(
        job_id=JobId("job"),
        attempt=1,
        directory=tmp_path,
        environment=tmp_path / "env",
        lock_hash="ab",
        entry_point="lab:f",
        set_hash="",
    )
    batch = placing.batch(order)
    assert batch.script == script
    assert batch.arguments == ("https://lab/park", "/scratch/park")
    assert tokens.attempt_of(batch.variables["PARK_NODE_TOKEN"]) == ("job", 1)
    assert batch.variables["PARK_NODE_PATIENCE_S"] == "5"
    said = [*batch.arguments, batch.folder, batch.output, *batch.variables.values()]
    assert not any(str(tmp_path) in each for each in said)
    assert batch.variables["PARK_NODE_TOKEN"] not in repr(batch)
