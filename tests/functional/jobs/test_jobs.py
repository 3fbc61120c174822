"""Jobs from the command line: submit, follow, fetch, cancel, and how they fail."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.pipes import wait_for_exit

if TYPE_CHECKING:
    from pathlib import Path

    from support.faults.pipes import Pipe
    from support.services.park_client import Client, Scientist
    from support.services.park_service import ParkService

STATUS_KEYS = {"id", "status", "lock_hash", "environment", "entry_point", "error"}


@pytest.fixture(scope="module")
def installed(scientist: Scientist) -> Client:
    """Return one client for all tests here, which do not edit its model."""
    return scientist.client


@pytest.fixture
def answer(scientist: Scientist) -> int:
    """Return the constant of its model."""
    return scientist.answer


def test_a_job_from_submission_to_result(installed: Client, answer: int) -> None:
    lock = installed.json("install", "light_model")["lock_hash"]
    submitted = installed.json("submit", "light_model:answer")
    assert set(submitted) == {"id"}
    job = submitted["id"]
    assert json.loads(installed.run("result", job).stdout) == answer
    record = installed.json("status", job)
    assert record.keys() >= STATUS_KEYS
    assert (record["id"], record["status"], record["error"]) == (job, "completed", None)
    assert (record["lock_hash"], record["entry_point"]) == (lock, "light_model:answer")
    assert record["environment"].endswith(lock)
    printed = installed.run("status", job).stdout
    assert printed.startswith(f"{job}  completed  answer()\ncalls        light_model:answer\n")
    assert lock in printed


def test_run_submits_follows_and_prints_the_result(installed: Client, answer: int) -> None:
    done = installed.run("run", "light_model:talk", "-a", 'out="one"', "-a", 'err="two"')
    assert done.stdout == "one\nnull\n"
    assert "two\n" in done.stderr
    document = installed.json("run", "light_model:answer")
    assert set(document) == {"id", "status", "result", "error", "hint"}
    assert (document["status"], document["result"]) == ("completed", answer)
    assert document["error"] is None


@pytest.mark.parametrize(
    "value", [None, True, -1, 2.5, "grün", [1, [2]], {"a": {"b": None}}], ids=str
)
def test_json_values_travel_both_ways(installed: Client, value: Any) -> None:
    assert installed.call("light_model:echo", value=value) == value


def test_the_dependencies_are_those_of_the_client(installed: Client) -> None:
    assert installed.call("light_model:ordered", values=[3, 1, 2]) == [1, 2, 3]
    there = installed.call("light_model:versions")
    here = installed.script(
        "import json, sys; from importlib.metadata import version;"
        "print(json.dumps({n: version(n) for n in ('sortedcontainers', 'packaging')}))"
    )
    assert there.items() >= here.items()


def test_a_file_goes_there_and_files_come_back(installed: Client, tmp_path: Path) -> None:
    data = tmp_path / "run 1.txt"
    data.write_text("q R dR\n")
    assert installed.call("light_model:read", path=data) == "q R dR\n"
    job = installed.submit("light_model:write", name="out/fit.txt", text="chisq 1.9")
    installed.run("result", job)
    (file,) = installed.json("status", job)["files"]
    assert (file["name"], file["size"]) == ("out/fit.txt", 9)
    assert installed.run("get", job, "out/fit.txt").stdout == "fit.txt\n"
    assert (installed.folder / "fit.txt").read_text() == "chisq 1.9"
    installed.run("get", job, "out/fit.txt", "-o", str(tmp_path / "film.txt"))
    assert (tmp_path / "film.txt").read_text() == "chisq 1.9"
    message = installed.error("get", job, "fit.png", status=2)
    assert "has no file 'fit.png'; it has: out/fit.txt" in message
    message = installed.error("run", "light_model:read", "--file", "path=absent", status=2)
    assert "cannot read absent: No such file" in message


def test_the_streams_are_kept_apart_and_kept(installed: Client) -> None:
    job = installed.submit("light_model:talk", out="one", err="two")
    installed.run("result", job)
    for options in ([], ["-f"]):
        done = installed.run("logs", *options, job)
        assert (done.stdout, done.stderr) == ("one\n", "two\n")


def test_logs_are_followed_while_the_job_runs(
    installed: Client, up: Pipe, go: Pipe, tmp_path: Path
) -> None:
    job = installed.submit("light_model:hold", up=str(up), go=str(go), runs=str(tmp_path / "runs"))
    up.receive()
    assert installed.json("status", job)["status"] == "running"
    with subprocess.Popen(
        [installed.python.with_name("park"), "logs", "-f", job],
        env=installed.environ(),
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "holding\n"
        assert following.poll() is None  # it goes on until the job ends
        go.send("go on")
        assert following.stdout.read() == ""
    assert following.returncode == 0
    assert json.loads(installed.run("result", job).stdout) == "go on"


def test_a_job_that_fails_says_why_in_one_line(installed: Client) -> None:
    done = installed.run(
        *("run", "light_model:fail", "-a", 'reason="too thin"', "--json"),
        status=1,
        quotes_traceback=True,  # on the job's own stderr, as Python writes it
    )
    document = json.loads(done.stdout)
    assert (document["status"], document["result"]) == ("failed", None)
    assert document["error"] == "ValueError: too thin"
    job = document["id"]
    message = installed.error("result", job, status=1)
    assert message.splitlines()[0] == f"job {job} failed: ValueError: too thin"
    assert f"hint: park status {job} --traceback" in message
    traceback = installed.run("status", job, "--traceback").stdout
    assert "raise ValueError(reason)\n" in traceback
    assert traceback.rstrip().endswith("ValueError: too thin")
    assert "park/runtime" not in traceback  # what is park's is of no use to the author


@pytest.mark.parametrize(
    ("entry_point", "expected"),
    [
        ("light_model:absent", "absent"),
        ("light_model:ANSWER", "ANSWER"),
        ("light_model.inner:f", "light_model.inner"),
    ],
)
def test_an_entry_point_that_is_not_there_fails_in_one_line(
    installed: Client, entry_point: str, expected: str
) -> None:
    lock = installed.json("install", "light_model")["lock_hash"]
    document = installed.json("run", entry_point, "--lock", lock, status=1)
    assert document["status"] == "failed"
    assert expected in document["error"]
    assert "\n" not in document["error"]


def test_arguments_that_do_not_fit_fail_in_one_line(installed: Client) -> None:
    document = installed.json("run", "light_model:echo", "-a", "other=1", status=1)
    assert document["error"].startswith("TypeError: echo() got an unexpected keyword argument")


@pytest.mark.parametrize(
    "arguments",
    [
        ["light_model"],
        ["light_model:"],
        ["light_model:answer", "--arg", "n"],
        ["light_model:answer", "--arg", "n=film"],
        ["light_model:answer", "--arg", "1=1"],
    ],
    ids=" ".join,
)
def test_a_request_that_is_wrong_is_told_so_before_anything_is_sent(
    client: Client, arguments: list[str]
) -> None:
    message = client.error("submit", *arguments, status=2)
    assert len(message.splitlines()) <= 2


def test_jobs_are_listed_newest_first_and_by_state(installed: Client) -> None:
    good = installed.submit("light_model:answer")
    bad = installed.submit("light_model:fail", reason="thin")
    installed.run("result", good)
    installed.run("result", bad, status=1)
    assert [job["id"] for job in installed.json("jobs", "--limit", "2")] == [bad, good]
    failed = installed.json("jobs", "--status", "failed", "--limit", "1000")
    assert bad in {job["id"] for job in failed}
    assert {job["status"] for job in failed} == {"failed"}
    head, line = installed.run("jobs", "--limit", "1").stdout.splitlines()
    assert head.split() == ["JOB", "STATE", "LABEL", "AGE", "TIME", "WHERE"]
    assert line.startswith(f"…{bad[-6:]}  failed  fail(reason='thin')  ")
    assert line.endswith("  ValueError: thin")


def test_a_job_that_nobody_has(client: Client) -> None:
    for command in ("status", "result", "logs", "cancel"):
        assert "no job absent on this service" in client.error(command, "absent", status=2)


def test_a_job_that_ignores_sigterm_is_gone_after_cancel(
    installed: Client, service: ParkService, up: Pipe
) -> None:
    job = installed.submit("light_model:stubborn", up=str(up))
    pid = int(up.receive())
    assert service.get(f"/api/v1/jobs/{job}")["pid"] == pid
    assert installed.run("cancel", job).stdout == f"{job}  cancelled\n"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    record = installed.json("status", job)
    assert (record["status"], record["error"]) == ("cancelled", "cancelled on request")
    message = installed.error("result", job, status=1)
    assert message.startswith(f"job {job} was cancelled: cancelled on request")


def test_a_job_over_its_time_fails_with_the_limit(installed: Client, up: Pipe, go: Pipe) -> None:
    job = installed.submit("light_model:hold", "--timeout", "0.2", up=str(up), go=str(go), runs="r")
    message = installed.error("result", job, status=1)
    assert "ran longer than its 0.2 s and was stopped" in message


def test_a_fresh_interpreter_gives_the_same(installed: Client, answer: int) -> None:
    assert installed.call("light_model:answer", "--fresh") == answer


def test_the_states_have_their_names(installed: Client, up: Pipe, go: Pipe, tmp_path: Path) -> None:
    done = installed.run("jobs", "--status", "no-such-state", status=2)
    for name in ("waiting", "queued", "running", "completed", "failed", "cancelled"):
        assert name in done.stderr
        installed.run("jobs", "--status", name)
    job = installed.submit("light_model:hold", up=str(up), go=str(go), runs=str(tmp_path / "runs"))
    pid = int(up.receive())
    assert job in [each["id"] for each in installed.json("jobs", "--status", "running")]
    go.send("end")
    installed.run("result", job)
    wait_for_exit(pid)
    assert installed.json("status", job)["status"] == "completed"
