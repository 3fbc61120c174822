"""What the commands promise to scripts and to people: exit statuses, streams, files, hints."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.services.park_client import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe
    from support.services.park_client import Client, Scientist
    from support.services.park_service import ParkService

JSON_PAGE = REPOSITORY / "docs" / "reference" / "json.md"


@pytest.fixture(scope="module")
def client(scientist: Scientist) -> Client:
    return scientist.client


@pytest.fixture
def held(client: Client, up: Pipe, go: Pipe, tmp_path: Path) -> Iterator[str]:
    """Give a job that runs until a line is sent through ``go``, or the test has ended."""
    job = client.submit("light_model:hold", up=str(up), go=str(go), runs=str(tmp_path / "runs"))
    up.receive()
    yield job
    client.run("cancel", job)


def failed(client: Client, *arguments: str) -> str:
    """Run a job that fails; return the one line that says why."""
    done = client.run("run", *arguments, "--json", status=1, quotes_traceback=True)
    return str(json.loads(done.stdout)["error"])


# -- exit statuses


@pytest.mark.slow
def test_following_a_job_that_fails_is_no_failure_of_following(client: Client) -> None:
    job = client.submit("light_model:fail", reason="thin")
    done = client.run("logs", "-f", job, quotes_traceback=True)
    assert "ValueError: thin" in done.stderr
    assert client.run("result", job, status=1).stdout == ""


def test_a_limit_of_the_waiting_is_none_of_the_job(client: Client, held: str, go: Pipe) -> None:
    message = client.error("result", held, "--timeout", "0.1", status=1)
    assert f"hint: it goes on; `park logs -f {held}` follows it" in message
    assert client.json("status", held)["status"] == "running"
    go.send("in time")
    assert json.loads(client.run("result", held, "--timeout", "60").stdout) == "in time"


def test_an_error_is_text_also_for_programs(client: Client) -> None:
    for command, status in (
        (["status", "0199-absent"], 2),
        (["run", "light_model:echo", "--arg", "n=abc"], 2),
        (["versions", "-s", "http://127.0.0.1:9"], 3),
        (["install", "no_such_module"], 5),
    ):
        assert client.error(*command, "--json", status=status)


def test_a_text_that_is_no_json_is_told_how_it_is_one(client: Client) -> None:
    message = client.error("run", "light_model:echo", "--arg", "value=abc", status=2)
    assert message == (
        "--arg value: 'abc' is not JSON (Expecting value: line 1 column 1 (char 0))\n"
        "hint: a text needs its quotes: --arg 'value=\"abc\"'\n"
    )


def test_with_a_lock_no_pickles_are_sent(client: Client) -> None:
    lock = client.json("install", "light_model")["lock_hash"]
    seen = client.script(
        """
import json, sys, park, light_model
try:
    thing = light_model.Layer("film", 1.0)
    park.remote_service().submit(light_model.double, thing, lock=sys.argv[1])
except park.ParkError as error:
    print(json.dumps([type(error).__name__, error.message, error.hint]))
""",
        lock,
    )
    assert seen[0] == "UsageError"
    assert "light_model.Layer can only be pickled, which needs a set hash" in seen[1]
    assert seen[2].startswith("pass JSON values, numpy arrays or park.File(path)")


INTERRUPTIBLE = """
import signal, sys
# a test run in the background has SIGINT ignored, and its children inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)
from park.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def interrupted(client: Client, *command: str) -> tuple[str, str]:
    """Run a command until it prints its first line, interrupt it, and return what it said."""
    with subprocess.Popen(
        [client.python, "-c", INTERRUPTIBLE, *command],
        env=client.environ(),
        cwd=client.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        first = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        said = running.stderr.read()
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert said.endswith("interrupted\n")
    return first, said


@pytest.mark.slow
def test_an_interrupted_run_says_that_the_job_goes_on(
    client: Client, up: Pipe, go: Pipe, tmp_path: Path
) -> None:
    arguments = {"up": str(up), "go": str(go), "runs": str(tmp_path / "runs")}
    options = [f"--arg={name}={json.dumps(value)}" for name, value in arguments.items()]
    first, said = interrupted(client, "run", "light_model:hold", *options)
    assert first == "holding\n"
    (job,) = re.findall(r"^job (\S+)$", said, re.MULTILINE)
    assert f"the job goes on; `park cancel {job}` ends it\n" in said
    os.kill(int(up.receive()), 0)
    go.send("on")
    assert json.loads(client.run("result", job).stdout) == "on"


@pytest.mark.slow
def test_an_interrupt_ends_the_watching_and_the_following_alone(client: Client, held: str) -> None:
    first, said = interrupted(client, "watch", held)
    assert first != ""
    assert "the jobs go on; `park cancel JOB` ends one\n" in said
    first, _ = interrupted(client, "logs", "-f", held)
    assert first == "holding\n"
    assert client.json("status", held)["status"] == "running"


# -- cancelling


def test_several_are_cancelled_by_the_ends_of_their_ids(client: Client, held: str) -> None:
    ended = client.submit("light_model:answer")
    client.run("result", ended)
    done = client.run("cancel", held[-6:], f"…{ended[-8:]}")
    first, second = done.stdout.splitlines()
    assert first == f"{held[-6:]}  cancelled"
    assert second.startswith(f"…{ended[-8:]}  completed")
    assert client.json("status", ended)["status"] == "completed"


@pytest.mark.parametrize("end", ["failed", "cancelled", "timed out"])
def test_what_a_job_left_is_kept_however_it_ended(client: Client, up: Pipe, end: str) -> None:
    reason = "thin" if end == "failed" else None
    options = ["--timeout", "3"] if end == "timed out" else []
    job = client.submit("light_model:leave", *options, name="a.txt", up=str(up), reason=reason)
    up.receive()
    if end == "cancelled":
        client.run("cancel", job)
    client.run("result", job, status=1)
    (file,) = client.json("status", job)["files"]
    assert (file["name"], file["size"]) == ("a.txt", 4)
    assert "file         a.txt (4 bytes)\n" in client.run("status", job).stdout
    assert client.run("get", job, "a.txt", "-o", "-").stdout == "left"


# -- files


def test_a_file_is_fetched_into_a_folder_that_exists_or_not_at_all(
    client: Client, tmp_path: Path
) -> None:
    job = client.submit("light_model:write", name="plots/residuals.png", text="png")
    client.run("result", job)
    results = tmp_path / "results"
    file = "plots/residuals.png"
    for absent in (results / "film.png", f"{results}/"):
        client.error("get", job, file, "-o", absent, status=2)
        assert not results.exists()
    results.mkdir()
    told = client.run("get", job, file, "-o", f"{results}/").stdout
    assert told == f"{results / 'residuals.png'}\n"
    assert [path.name for path in results.iterdir()] == ["residuals.png"]


def test_a_file_of_an_argument_keeps_its_name_there(client: Client, tmp_path: Path) -> None:
    data = tmp_path / "film 1.txt"
    data.write_text("counts")
    assert client.call("light_model:echo", value=data).endswith("/film 1.txt")


def test_a_job_cannot_change_what_other_jobs_get(client: Client, tmp_path: Path) -> None:
    """Also where it runs as root, to whom modes say nothing."""
    data = tmp_path / "film.txt"
    data.write_text("counts that two jobs read")
    options = ("--file", f"name={data}", "--arg", 'text="other counts"')
    said = failed(client, "light_model:write", *options)
    assert re.search(r"Read-only file system|Permission denied", said)
    assert client.call("light_model:read", path=data) == data.read_text()


def test_a_job_cannot_change_its_environment(client: Client) -> None:
    lock = client.json("install", "light_model")["lock_hash"]
    path = client.json("env", "show", lock)["path"]
    options = ("-a", f'name="{path}/x"', "-a", 'text=""')
    assert "Read-only file system" in failed(client, "light_model:write", *options)


def test_a_job_sees_the_variables_of_the_reference_and_no_others(client: Client) -> None:
    lock = client.json("install", "light_model")["lock_hash"]
    seen = set(client.json("run", "os:environ.copy", "--lock", lock)["result"])
    page = (REPOSITORY / "docs" / "reference" / "configuration.md").read_text("utf-8")
    section = page.partition("## Environment variables of a job")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`([A-Z_]{2,})`", section))
    assert seen <= documented
    passed_on = set(re.findall(r"`([A-Z_]{2,})`", section.partition("own environment")[2]))
    assert documented - passed_on <= seen


# -- what programs read


def documented_keys(*headings: str) -> list[set[str]]:
    """Return the keys that the JSON page has in the table below each heading."""
    page = JSON_PAGE.read_text("utf-8")
    found = []
    for heading in headings:
        section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
        found.append({key for cell in cells for key in re.findall(r"`(\w+)`", cell)})
        assert found[-1], heading
    return found


@pytest.mark.slow
def test_what_programs_read_has_the_keys_of_the_reference_and_no_others(
    client: Client, tmp_path: Path
) -> None:
    ran = client.json("run", "light_model:answer")
    graph = client.json("graph", ran["id"])
    for ending, beginning in ((".json", "{"), (".gv", "digraph"), (".dot", "digraph")):
        picture = tmp_path / f"flow{ending}"  # its name says in which form
        client.run("graph", ran["id"], "-o", picture)
        assert picture.read_text().startswith(beginning)
    script = tmp_path / "flow.py"
    script.write_text("import park\npark.remote_service().submit('light_model:answer')\n")
    plan = json.loads(client.run("plan", "--json", script).stdout)
    (listed,) = client.json("jobs", "--limit", "1")
    answers = {
        "`park install --json`": client.json("install", "light_model"),
        "`park versions --json`": client.json("versions", "light-model")[0],
        "`park versions --nearest --json`": client.json("versions", "--nearest", "light-model")[0],
        "`park env … --json`": client.json("env", "list")[0],
        "`park run --json`": ran,
        "`park status --json`, and each item of `park jobs --json`": listed,
        "`park graph --json`": graph | graph["nodes"][0],
        "`park why --json`": client.json("why", ran["id"]),
        "`park plan --json SCRIPT`": plan | plan["environments"][0],
        "`park doctor --json`": client.json("doctor")[0],
    }
    for (heading, answer), keys in zip(answers.items(), documented_keys(*answers), strict=True):
        assert set(answer) == keys, heading
    assert set(client.json("status", ran["id"])) == set(listed)


# -- secrets


@pytest.mark.slow
def test_a_token_in_a_variable_is_never_printed(client: Client, service: ParkService) -> None:
    for secret in (service.token, "a-token-that-nobody-has"):
        user = client.with_variables(PARK_TOKEN=secret)
        for command in (["doctor"], ["status", "0199-absent", "--debug"]):
            done = subprocess.run(
                [user.python.with_name("park"), *command, "-s", service.url],
                env=user.environ(),
                capture_output=True,
                text=True,
                check=False,
            )
            assert secret not in done.stdout + done.stderr
