"""Seeing a workflow that runs on a real service, planning one, and waiting for its jobs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_client import Client, Scientist

FLOW = """
import json, park, light_model
service = park.remote_service()
with service:
    write = service.submit(light_model.write, name="a.txt", text="hello")
    read = service.submit(light_model.read, path=write.filename)
    echo = service.submit(light_model.echo, value=[read, 3])
    fail = service.submit(light_model.fail, "boom")
    never = service.submit(light_model.echo, value=[echo, fail])
    clean = service.submit(light_model.answer, when=fail.isfailed)
print(json.dumps({name: job.id for name, job in dict(
    write=write, read=read, echo=echo, fail=fail, never=never, clean=clean).items()}))
"""


@pytest.fixture(scope="module")
def client(scientist: Scientist) -> Client:
    return scientist.client


@pytest.fixture(scope="module")
def flow(client: Client) -> dict[str, str]:
    """Return the ids of a workflow that has ended: one piece failed, one was cancelled."""
    ids: dict[str, str] = client.script(FLOW)
    said = client.run("watch", ids["echo"], status=1).stdout
    assert f"cancelled  …{ids['never'][-6:]}" in said
    return ids


def test_a_graph_has_every_piece_and_who_needs_whom(client: Client, flow: dict[str, str]) -> None:
    record = client.json("graph", flow["read"])
    states = {node["id"]: node["status"] for node in record["nodes"]}
    assert {name: states[job] for name, job in flow.items()} == {
        "write": "completed",
        "read": "completed",
        "echo": "completed",
        "fail": "failed",
        "never": "cancelled",
        "clean": "completed",
    }
    edges = {(edge["job"], edge["needed"], edge["how"]) for edge in record["edges"]}
    assert (flow["read"], flow["write"], "file") in edges
    assert (flow["never"], flow["fail"], "value") in edges
    assert (flow["clean"], flow["fail"], "failed") in edges


def test_a_graph_is_a_tree_a_picture_and_dot(
    client: Client, flow: dict[str, str], tmp_path: Path
) -> None:
    text = client.run("graph", f"…{flow['read'][-8:]}").stdout
    assert "✓ write(name='a.txt', text='hello')" in text
    assert "it failed: ValueError: boom" in text
    for name, job in flow.items():
        assert text.count(f"…{job[-6:]}  ") == 1, name
    picture = tmp_path / "flow.svg"
    assert client.run("graph", flow["read"], "-o", picture).stdout == f"{picture}\n"
    assert ET.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314
    assert (
        f'"{flow["write"]}" -> "{flow["read"]}"'
        in client.run("graph", flow["read"], "--dot").stdout
    )


def test_why_tells_the_chain(client: Client, flow: dict[str, str]) -> None:
    record = client.json("why", flow["never"])
    assert record["status"] == "cancelled"
    assert "ValueError: boom" in record["line"]
    assert client.run("why", flow["never"]).stdout.startswith("cancelled: needs job …")
    assert "no job" in client.error("why", "0199beef", status=2)


def test_a_cancel_takes_what_needs_the_job_with_it(client: Client) -> None:
    first, then = client.script(
        "import json, park, light_model as m; s = park.remote_service()\n"
        "a = s.submit(m.echo, 1, when=park.after(3600)); b = s.submit(m.echo, a); s.flush()\n"
        "print(json.dumps([a.id, b.id]))"
    )
    assert client.run("cancel", f"…{first[-8:]}", "--dependents").stdout.endswith("  cancelled\n")
    assert client.json("status", then)["error"].startswith("cancelled on request, with job …")


def test_watching_prints_each_change_as_json(client: Client, flow: dict[str, str]) -> None:
    lines = client.run("watch", flow["read"], "--json", status=1).stdout.splitlines()
    assert len(lines) >= len(flow)
    assert all(line.startswith('{"id": "') for line in lines)


def test_watching_goes_on_until_the_end(client: Client) -> None:
    jobs = client.script(
        "import json, park, light_model as m; s = park.remote_service()\n"
        "a = s.submit(m.echo, 1, when=park.after(0.5)); b = s.submit(m.echo, a); s.flush()\n"
        "print(json.dumps([a.id, b.id]))"
    )
    said = client.run("watch", jobs[0]).stdout
    for job in jobs:
        assert f"✓ completed  …{job[-6:]}" in said


def test_a_race_is_seen_as_any_job_and_watched_to_its_end(client: Client) -> None:
    race, won, lost = client.script(
        "import json, park, light_model as m; s = park.remote_service()\n"
        "with s:\n"
        "    won = s.submit(m.echo, {'chisq': 1.0}, when=park.after(0.5), memo=False)\n"
        "    lost = s.submit(m.echo, {'chisq': 9.0}, when=park.after(3600), memo=False)\n"
        "    race = park.race([won, lost], good_enough=lambda j: j.output['chisq'] < 1.2)\n"
        "s.flush()\n"
        "print(json.dumps([race.id, won.id, lost.id]))"
    )
    said = client.run("watch", race, status=1).stdout  # one of what it shows was cancelled
    for state, job in (("✓ completed", race), ("✓ completed", won), ("⊘ cancelled", lost)):
        assert f"{state}  …{job[-6:]}" in said
    reason = f"job …{won[-6:]} won the race …{race[-6:]}"
    assert reason in client.run("status", lost).stdout
    assert reason in client.run("why", lost).stdout
    tree = client.run("graph", race).stdout
    assert all(job[-6:] in tree for job in (race, won, lost))
    rows = [line.split() for line in client.run("jobs").stdout.splitlines() if race[-6:] in line]
    (row,) = [row for row in rows if row[0].endswith(race[-6:])]
    assert "completed" in row
    assert json.loads(client.run("result", race).stdout) == {"chisq": 1.0}
    assert "won" in client.run("status", race).stdout


_NEVER_BUILT = 700_001
"""No other test says so: its wheel would be in the cache that they share."""


def test_a_plan_submits_nothing(client: Client, scientist: Scientist, tmp_path: Path) -> None:
    before = {job["id"] for job in client.json("jobs", "--limit", "1000")}
    script = tmp_path / "flow.py"
    script.write_text(f"{FLOW}\nprint(echo.result())\nraise SystemExit('not reached')\n")
    plan = json.loads(client.run("plan", "--json", script).stdout)
    kinds = [(piece["entry_point"], piece["stage"]) for piece in plan["pieces"]]
    assert kinds[:3] == [("light_model:write", 0), ("light_model:read", 1), ("light_model:echo", 2)]
    assert plan["pieces"][0]["label"] == "write(name='a.txt', text='hello')"
    (environment,) = plan["environments"]
    assert environment["lock_hash"] is not None
    assert "part of a plan" in plan["ended"] or "the plan ends" in plan["ended"]
    was, new = f"ANSWER = {scientist.answer}", f"ANSWER = {_NEVER_BUILT}"
    scientist.model.edit("light_model.py", was, new)
    try:
        text = client.run("plan", script)
    finally:
        scientist.model.edit("light_model.py", new, was)
    assert "would be installed; the service has another edit of it" in text.stdout
    assert "build and send light-model==" in text.stdout
    assert text.stderr.startswith('{"write": "')  # what the script prints
    assert {job["id"] for job in client.json("jobs", "--limit", "1000")} == before


def test_a_plan_that_would_do_more_than_submit_ends_there(client: Client, tmp_path: Path) -> None:
    script = tmp_path / "more.py"
    script.write_text("import park\npark.remote_service().files.put(__file__, '~/x.py')\n")
    assert "the plan ends here: PUT " in client.run("plan", script).stdout
    assert "no such file" not in client.run("files", "list", "~").stdout
    assert "x.py" not in client.run("files", "list", "~").stdout


def test_a_script_that_fails_says_where(client: Client, tmp_path: Path) -> None:
    script = tmp_path / "wrong.py"
    script.write_text("x = 1\nx / 0\n")
    message = client.error("plan", script, status=2)
    assert "wrong.py, line 2, failed: ZeroDivisionError: division by zero" in message
    assert "no script" in client.error("plan", tmp_path / "absent.py", status=2)


@pytest.mark.slow
def test_many_jobs_are_waited_for_together(client: Client) -> None:
    found: dict[str, Any] = client.script(
        """
import json, park, light_model
service = park.remote_service()
jobs = service.map(light_model.echo, range(40))
first = next(jobs.as_completed())
condition = park.all_of(jobs).wait(300)
done, not_done = park.wait(jobs)
bad = service.map(light_model.fail, ["a", "b"])
try:
    bad.results()
except park.ParkError as error:
    failure = str(error)
errors = [type(each).__name__ for each in bad.results(return_exceptions=True)]
pairs = service.map(light_model.layer, ["a", "b"], [1.5, 2.5])
sums = [(each.name, each.thickness) for each in pairs.results(60)]
print(json.dumps({"results": jobs.results(), "first": first in jobs, "condition": condition,
    "done": len(done), "left": len(not_done), "failure": failure, "errors": errors,
    "sums": sums, "slice": repr(jobs[:2])}))
"""
    )
    assert found.pop("failure").rpartition(": ")[2] in {"a", "b"}
    assert found == {
        "results": list(range(40)),
        "first": True,
        "condition": True,
        "done": 40,
        "left": 0,
        "errors": ["JobFailed", "JobFailed"],
        "sums": [["a", 1.5], ["b", 2.5]],
        "slice": "<2 jobs of light_model:echo>",
    }


def test_an_executor_is_one_for_asyncio_as_well(client: Client) -> None:
    found = client.script(
        """
import asyncio, concurrent.futures, json, park, light_model
service = park.remote_service()
with service.executor() as executor, service.executor(when=park.after(3600)) as later:
    async def main():
        loop = asyncio.get_running_loop()
        calls = [loop.run_in_executor(executor, light_model.echo, n) for n in range(5)]
        return await asyncio.gather(*calls)
    gathered = asyncio.run(main())
    slow = later.submit(light_model.answer)
    slow.cancel()
    futures = [executor.submit(light_model.echo, value=n) for n in range(5)]
    done = concurrent.futures.wait([slow, *futures], timeout=300)
    state = slow.job.wait(300).status
print(json.dumps({"gathered": gathered, "left": len(done.not_done), "cancelled": state}))
"""
    )
    assert found == {"gathered": [0, 1, 2, 3, 4], "left": 0, "cancelled": "cancelled"}


def test_jobs_that_are_not_waited_for_do_not_keep_the_interpreter(client: Client) -> None:
    job = client.script(
        "import json, park, light_model\n"
        "executor = park.remote_service().executor(when=park.after(3600))\n"
        "future = executor.submit(light_model.answer)\nfuture.job.confirm()\n"
        "print(json.dumps(future.job.id))"
    )
    client.run("cancel", job)


def test_a_file_of_a_job_goes_to_standard_output(client: Client, flow: dict[str, str]) -> None:
    assert client.run("get", flow["write"], "a.txt", "-o", "-").stdout == "hello"
