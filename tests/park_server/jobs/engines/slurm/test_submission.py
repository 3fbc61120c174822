"""How an attempt becomes a batch job: the options, the name, and what the script writes down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from support.session.limits import LIMIT_S

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.slurm.submission import (
    EXTRA,
    SCRIPT,
    job_of_name,
    name_of,
    sbatch_options,
)

JOB = JobId("0199aa00-0000-7000-8000-000000000001")


def order(folder: Path = Path("/jobs/1"), **asked: object) -> StartOrder:
    return StartOrder(
        job_id=JOB,
        attempt=2,
        directory=folder,
        environment=Path("/envs/ab"),
        lock_hash="ab",
        entry_point="m:f",
        set_hash="",
        resources=Resources(**asked),  # type: ignore[arg-type]
    )


def options(asked: StartOrder, partition: str | None) -> list[str]:
    return sbatch_options(asked, partition, folder="/f", output="/f/slurm.out")


def test_a_job_is_found_again_by_its_name() -> None:
    assert job_of_name(name_of(order())) == (JOB, 2)
    assert job_of_name("bash") is None
    assert job_of_name("park-x") is None


def test_what_is_asked_for_is_said_in_slurms_words() -> None:
    plain = options(order(), None)
    assert {"--chdir=/f", "--output=/f/slurm.out"} <= {*plain}
    assert "--no-requeue" in plain
    assert "--cpus-per-task=1" in plain
    assert not any(each.startswith(("--partition", "--time", "--mem", "--gres")) for each in plain)
    everything = options(
        order(
            cpus=4,
            memory_bytes=(1 << 30) + 1,
            gpus=2,
            nodes=3,
            walltime_s=61.0,
            account="sns",
            licenses={"matlab": 2, "disk": 1},
            extra=["--constraint=avx2"],
        ),
        "main",
    )
    assert everything[-1] == "--constraint=avx2"
    assert {
        "--cpus-per-task=4",
        "--mem=1025M",
        "--gres=gpu:2",
        "--nodes=3",
        "--ntasks-per-node=1",
        "--time=2",
        "--account=sns",
        "--licenses=matlab:2,disk:1",
        "--partition=main",
    } <= {*everything}
    assert "--partition=short" in options(order(partition="short"), "main")


@pytest.mark.parametrize(
    "name", ["uid", "output", "wrap", "export", "chdir", "job-name", "requeue", "array", "bb"]
)
def test_who_runs_what_and_where_it_writes_is_no_option_of_a_job(name: str) -> None:
    assert f"--{name}" not in EXTRA


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-s", str(folder), "2", *command],
        input=SCRIPT,
        env={"SLURM_JOB_ID": "7", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )


@pytest.mark.parametrize(
    ("command", "status", "written"),
    [
        ("exit 0", 0, {"attempt": 2, "status": 0, "signal": None}),
        ("exit 3", 3, {"attempt": 2, "status": 3, "signal": None}),
        ("kill -9 $$", 137, {"attempt": 2, "status": None, "signal": 9}),
        ("exit 75", 75, None),
    ],
)
def test_how_the_command_ended_is_written_down_and_told(
    tmp_path: Path, command: str, status: int, written: object
) -> None:
    assert run(tmp_path, "/bin/sh", "-c", command).returncode == status
    record = tmp_path / "exit.json"
    assert (json.loads(record.read_text()) if record.exists() else None) == written
    assert [path.name for path in tmp_path.iterdir()] == (["exit.json"] if written else [])


def test_arguments_arrive_as_they_are(tmp_path: Path) -> None:
    words = ["", "a b", "*", "x\ny", "ü'\"$HOME"]
    assert run(tmp_path, "/usr/bin/printf", r"%s\0", *words).stdout.split("\0")[:-1] == words


def test_a_term_is_forwarded_and_the_end_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "script").write_text(SCRIPT)
    command = "trap 'exit 5' TERM; echo up; while :; do /bin/sleep 600 & wait; done"
    with subprocess.Popen(
        ["/bin/sh", str(tmp_path / "script"), str(tmp_path), "2", "/bin/sh", "-c", command],
        env={"SLURM_JOB_ID": "7", "PATH": os.defpath},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 5
        with suppress(ProcessLookupError):  # the signal came before it
            os.killpg(process.pid, signal.SIGKILL)  # the sleeping grandchild
    assert json.loads((tmp_path / "exit.json").read_text())["status"] == 5
