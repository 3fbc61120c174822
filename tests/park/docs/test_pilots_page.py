"""The page of pilots says what the program does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from park.cli.main import parser_for
from park.model.ids import JobId
from park_server.jobs.engines.engine import AttemptExit, ExitKind
from park_server.jobs.engines.expected_times import LATEST
from park_server.jobs.engines.offers import SHORT_S
from park_server.jobs.engines.pilots import driver_link
from park_server.jobs.engines.pilots.pilot_engine import SILENT_S
from park_server.jobs.job_end import end_of

PAGE = (Path(__file__).parents[3] / "docs" / "operate" / "pilots.md").read_text(encoding="utf-8")


def test_its_command_and_its_extra_are_there() -> None:
    (line,) = re.findall(r"^\$ park (serve .*)$", PAGE, re.MULTILINE)
    options = parser_for("serve").parse_args(line.split())
    assert options.engine == ["local", "parsl:/etc/park/pilots.py", "slurm"]
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r"^parsl = \[", project, re.MULTILINE)


def test_its_configuration_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("parsl", reason="Parsl is not installed here")
    from park_server.pilots.parsl_setup import configuration

    monkeypatch.setattr(
        "parsl.executors.high_throughput.executor.get_all_addresses", lambda: {"::1"}
    )
    path = tmp_path / "pilots.py"
    path.write_text(PAGE.partition("```python\n")[2].partition("```")[0])
    executor: Any
    (executor,) = configuration(path, 1).executors
    assert (executor.max_workers_per_node, executor.provider.max_blocks) == (16, 4)


def test_what_it_says_of_times_and_ends_is_so() -> None:
    assert "for five minutes without anything to do" in PAGE
    assert driver_link.IDLE_S == 300.0
    assert "no sign of life for a minute" in PAGE
    assert SILENT_S == 60.0
    lost = AttemptExit(job_id=JobId("a"), attempt=1, kind=ExitKind.LOST, detail="its pilot, and x")
    end = end_of(lost, files=(), cancel_requested=False, timed_out_s=None)
    assert str(end.error).startswith("lost with its pilot")
    assert "`lost with its pilot`" in PAGE


def test_a_worker_keeps_as_many_fork_servers_as_it_says() -> None:
    from park_server.pilots.pilot_worker import MOST_SERVERS

    assert "of the last four environments" in PAGE
    assert MOST_SERVERS == 4


def test_what_it_says_of_routing_is_so() -> None:
    options = parser_for("serve").parse_args(["serve", "--home", "/h"])
    assert options.short_jobs == "10m"
    assert SHORT_S == 600.0
    assert "up to ten minutes (`--short-jobs TIME`) it goes to pilots" in PAGE
    assert "the median of the last nine calls of the same function" in PAGE
    assert LATEST == 9


def test_what_it_says_of_processes_for_several_jobs_is_so() -> None:
    from park.runtime.again.reuse import MOST_JOBS
    from park_server.pilots import groups, pilot_worker

    (line,) = re.findall(r"^\$ park (submit .*)$", PAGE, re.MULTILINE)
    assert parser_for("submit").parse_args(line.split()).asks_reuse is True
    assert "and after 200 jobs" in PAGE
    assert MOST_JOBS == 200
    assert "up to eight go to a worker" in PAGE
    assert groups.MOST == 8
    assert "a\nquarter of a second" in PAGE
    assert pilot_worker._LOOK_S == groups.TASK_S == 0.25
