"""The page of Slurm says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park.runtime.processes import Identity
from park_server.engine_choice import EngineChoice, chosen_engines
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.evidence import Evidence
from park_server.jobs.engines.slurm.answers import BatchJob, ended
from park_server.jobs.engines.slurm.submission import sbatch_options

PAGE = (Path(__file__).parents[3] / "docs" / "operate" / "slurm.md").read_text(encoding="utf-8")
ORDER = StartOrder(
    job_id=JobId("ID"),
    attempt=1,
    directory=Path("/shared/park/jobs/ID"),
    environment=Path("/shared/park/envs/ab"),
    lock_hash="ab",
    entry_point="m:f",
    set_hash="",
    resources=Resources(
        cpus=2, nodes=2, memory_bytes=1 << 30, gpus=1, walltime_s=60.0, partition="main"
    ),
)


def test_the_engines_of_its_command_are_engines() -> None:
    texts = re.findall(r"--engine (\S+)", PAGE.partition("```console")[2].partition("```")[0])
    assert chosen_engines(texts) == (
        EngineChoice(name="slurm", partitions=("main", "long")),
        EngineChoice(name="local"),
    )


def test_its_table_has_the_options_that_sbatch_gets() -> None:
    given = {option.partition("=")[0] for option in sbatch_options(ORDER, None)}
    named = set(re.findall(r"`(--[a-z-]+)(?:=[^`]*)?`", PAGE.partition("| sbatch |")[2]))
    asked = named & {"--cpus-per-task", "--nodes", "--mem", "--gres", "--time"}
    assert asked == {"--cpus-per-task", "--nodes", "--mem", "--gres", "--time"}
    assert asked <= given
    assert "--no-requeue" in given
    assert "--job-name=park-ID.1" in sbatch_options(ORDER, None)
    assert "`park-ID.ATTEMPT`" in PAGE


def test_the_death_of_a_node_is_told_in_its_words() -> None:
    known = Evidence(
        claimed=True, owner=Identity(pid=1, started=1, boot="b"), outcome=None, exit=None
    )
    job = BatchJob(id="7", name="park-ID.1", state="NODE_FAIL", node="n2")
    assert f"`lost with {ended(ORDER, known, job, is_ours=False).detail}`" in PAGE
