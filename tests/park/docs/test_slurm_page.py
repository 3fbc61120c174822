"""The page of Slurm says what the program does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from park.cli.main import parser_for
from park.model.asked.resources import Resources
from park.model.ids import JobId
from park.runtime.child import UNCLAIMED
from park.runtime.processes import Identity
from park_server.engine_choice import EngineChoice, chosen_engines, store_of_nodes
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.evidence import Evidence
from park_server.jobs.engines.offers import EngineOffer, PartitionOffer, placed
from park_server.jobs.engines.slurm.answers import BatchJob, cut_off, ended, started_again
from park_server.jobs.engines.slurm.submission import sbatch_options
from park_server.on_node.bootstrap import PATIENCE, UNREACHABLE

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
OPTIONS = sbatch_options(ORDER, None, folder="/f", output="/f/slurm.out")


def test_the_engines_of_its_command_are_engines() -> None:
    texts = re.findall(r"--engine (\S+)", PAGE.partition("```console")[2].partition("```")[0])
    assert chosen_engines(texts) == (
        EngineChoice(name="slurm", partitions=("main", "long")),
        EngineChoice(name="local"),
    )


def test_its_table_has_the_options_that_sbatch_gets() -> None:
    given = {option.partition("=")[0] for option in OPTIONS}
    named = set(re.findall(r"`(--[a-z-]+)(?:=[^`]*)?`", PAGE.partition("| sbatch |")[2]))
    asked = named & {"--cpus-per-task", "--nodes", "--mem", "--gres", "--time"}
    assert asked == {"--cpus-per-task", "--nodes", "--mem", "--gres", "--time"}
    assert asked <= given
    assert "--no-requeue" in given
    assert "--job-name=park-ID.1" in OPTIONS
    assert "`park-ID.ATTEMPT`" in PAGE


def test_its_nodes_that_share_nothing_are_served_by_that_command() -> None:
    (line,) = re.findall(r"^\$ park (serve .*--node-store.*)$", PAGE, re.MULTILINE)
    options = parser_for("serve").parse_args(line.split())
    assert options.node_store == Path("/scratch/park")
    assert store_of_nodes(options.node_store) == Path("/scratch/park")


def test_a_node_that_does_not_get_through_is_told_in_its_words() -> None:
    nothing = Evidence(claimed=False, owner=None, outcome=None, exit=None)
    job = BatchJob(id="7", name="park-ID.1", state="FAILED", node="n1")
    told = cut_off(ORDER, nothing, job, UNREACHABLE, "http://head:8080")
    assert told is not None
    assert f"`{told.detail}`" in PAGE
    failed = ended(ORDER, replace(nothing, exit={"status": 1, "signal": None}), job, is_ours=False)
    assert f"`{failed.detail}:`" in PAGE
    assert f"`{PATIENCE}`" in PAGE


def test_what_a_killed_controller_forgets_is_told_in_its_words() -> None:
    known = Evidence(
        claimed=True, owner=Identity(pid=1, started=1, boot="b"), outcome=None, exit=None
    )
    assert f"`lost with {ended(ORDER, known, None, is_ours=False).detail}`" in PAGE
    job = BatchJob(id="7", name="park-ID.1", state="FAILED")
    again = started_again(ORDER, known, job, UNCLAIMED)
    assert again is not None
    assert f"`{str(again.detail).removeprefix('its batch job, ')}`" in PAGE


def test_the_death_of_a_node_is_told_in_its_words() -> None:
    known = Evidence(
        claimed=True, owner=Identity(pid=1, started=1, boot="b"), outcome=None, exit=None
    )
    job = BatchJob(id="7", name="park-ID.1", state="NODE_FAIL", node="n2")
    assert f"`lost with {ended(ORDER, known, job, is_ours=False).detail}`" in PAGE


def test_a_job_that_names_no_partition_goes_to_the_first_that_can() -> None:
    node: dict[str, Any] = {"nodes": 1, "cpus": 8, "memory_bytes": 1 << 30}
    cluster = EngineOffer(
        name="slurm",
        is_cluster=True,
        partition="main",
        partitions={
            "main": PartitionOffer(**node, longest_s=60.0),
            "long": PartitionOffer(**node),
        },
    )
    long = placed(Resources(walltime_s=600.0), [cluster])
    assert long is not None
    assert long.partition == "long"
    assert "where that cannot give what it asks, a longer `walltime` for example" in PAGE
