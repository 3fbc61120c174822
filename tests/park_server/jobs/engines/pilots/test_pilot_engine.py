"""When an attempt is over of which only its folder tells."""

from __future__ import annotations

import os
from typing import Any

import pytest

from park.runtime import processes
from park_server.jobs.engines.evidence import Evidence
from park_server.jobs.engines.pilots.pilot_engine import is_over

HERE = processes.boot_id()
ALIVE = processes.identity(os.getpid())
GONE = processes.Identity(pid=os.getpid(), started=1, boot=HERE)
ELSEWHERE = processes.Identity(pid=os.getpid(), started=1, boot="another")
DONE = {"state": "completed"}


@pytest.mark.parametrize(
    ("facts", "silent_s", "over"),
    [
        pytest.param({"owner": ALIVE}, 1e6, False, id="runs here, however quiet"),
        pytest.param({"owner": ALIVE, "outcome": DONE}, 1e6, False, id="winds down here"),
        pytest.param({"owner": GONE}, 0, True, id="gone here"),
        pytest.param({"owner": ELSEWHERE}, 30, False, id="heard of lately"),
        pytest.param({"owner": ELSEWHERE}, 61, True, id="not heard of for long"),
        pytest.param({"owner": ELSEWHERE, "outcome": DONE}, 1, False, id="winds down there"),
        pytest.param({"owner": ELSEWHERE, "outcome": DONE}, 16, True, id="done there"),
        pytest.param({"owner": ELSEWHERE, "exit": {"status": 1}}, 0, True, id="seen to end"),
        pytest.param({"owner": None}, 0, True, id="taken back by the service"),
    ],
)
def test_what_is_gone_is_told_from_what_is_quiet(
    facts: dict[str, Any], silent_s: float, *, over: bool
) -> None:
    evidence = Evidence(**{"claimed": True, "outcome": None, "exit": None} | facts)
    assert is_over(evidence, HERE, silent_s=silent_s) is over
