"""The same road from Python, as a scientist would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from support.faults.pipes import Pipe
    from support.services.park_client import Client, ModelTree

ALL_OF_IT = """
import json, park, light_model
from pathlib import Path

service = park.remote_service()
outcome = service.install(light_model)
version = next(v for v in service.versions("light-model") if v.matches_local)
job = service.submit(light_model.echo, {"n": [1, 2.5, None]})
talk = service.submit("light_model:talk", out="one", err="two")
talk.result()
wrote = service.submit(light_model.write, "out.txt", text="kept")
wrote.result(60)
fetched = wrote.fetch("out.txt", Path("fetched.txt"))
sent = Path("sent.txt")
sent.write_text("sent")
print(json.dumps({
    "version": outcome.version,
    "lock": outcome.lock_hash,
    "same lock": version.record.lock_hash == outcome.lock_hash,
    "echo": job.result(),
    "status": job.status,
    "found again": service.job(job.id).result(),
    "lock of job": job.lock_hash,
    "logs": [talk.logs(), talk.logs("stderr")],
    "files": list(wrote.files),
    "fetched": fetched.read_text(),
    "read": service.submit(light_model.read, park.File(sent)).result(),
    "jobs": [each.id for each in service.jobs(limit=4)][-1] == job.id,
    "constant": service.submit(light_model.answer).result() == light_model.ANSWER,
}))
"""


def test_install_submit_and_results(client: Client, model: ModelTree, tmp_path: Path) -> None:
    assert model.root.exists()
    seen = client.script(ALL_OF_IT)
    assert seen["version"].startswith("0.1+t")
    assert seen["same lock"] is True
    assert seen["echo"] == seen["found again"] == {"n": [1, 2.5, None]}
    assert seen["status"] == "completed"
    assert seen["lock of job"] == seen["lock"]
    assert seen["logs"] == ["one\n", "two\n"]
    assert seen["files"] == ["out.txt"]
    assert seen["fetched"] == "kept"
    assert seen["read"] == "sent"
    assert (seen["jobs"], seen["constant"]) == (True, True)
    assert not list(tmp_path.rglob(".fetched.txt.*"))


def test_objects_of_the_model_travel_both_ways(installed: Client) -> None:
    seen = installed.script("""
import json, park, light_model
service = park.remote_service()
layer = service.submit(light_model.layer, "film", 250.0).result()
assert type(layer) is light_model.Layer
print(json.dumps([layer.name, service.submit(light_model.double, layer).result()]))
""")
    assert seen == ["film", 500.0]


def test_an_object_of_other_code_is_told_so_and_not_loaded(
    installed: Client, model: ModelTree
) -> None:
    job = installed.submit("light_model:layer", name="film", thickness=250.0)
    installed.run("result", job)
    model.edit("light_model.py", "thickness: float", "thickness: float\n    density: float = 1.0")
    seen = installed.script(
        """
import json, sys, park
from park.errors import EnvironmentMismatch
try:
    park.remote_service().job(sys.argv[1]).result()
except park.ParkError as error:
    print(json.dumps([type(error).__name__, error.message, error.hint]))
""",
        job,
    )
    assert seen[0] == "EnvironmentMismatch"
    assert seen[2]


def test_failures_are_errors_with_their_reason(installed: Client) -> None:
    seen = installed.script("""
import json, park, light_model
from park.errors import JobFailed
job = park.remote_service().submit(light_model.fail, "too thin")
try:
    job.result()
except JobFailed as error:
    print(json.dumps([error.message, error.details["traceback"], job.status, job.error]))
""")
    message, traceback, status, reason = seen
    assert message.endswith("failed: ValueError: too thin")
    assert "raise ValueError(reason)" in traceback
    assert (status, reason) == ("failed", "ValueError: too thin")


def test_cancel_and_the_states_on_the_way(installed: Client, up: Pipe, go: Pipe) -> None:
    seen = installed.script(
        """
import json, os, sys, park, light_model
from park.errors import JobCancelled
job = park.remote_service().submit(light_model.hold, *sys.argv[1:], "runs")
states = [*next(job.follow()), job.status]
pid = job.refresh().pid
try:
    job.result(timeout=0.1)
except TimeoutError as error:
    states.append("timeout")
states += [job.cancel(), job.status]
try:
    job.result()
except JobCancelled:
    states.append("JobCancelled")
try:
    os.kill(pid, 0)
except ProcessLookupError:
    states.append("gone")
print(json.dumps(states))
""",
        up.path,
        go.path,
    )
    assert seen[:2] == ["stdout", "holding\n"]
    assert seen[2:] == ["running", "timeout", "cancelled", "cancelled", "JobCancelled", "gone"]


def test_what_cannot_be_called_is_refused_here(installed: Client) -> None:
    seen = installed.script("""
import json, park
from park.errors import InvalidEntryPoint
refused = []
for function in (3, "not an entry point"):
    try:
        park.remote_service().submit(function)
    except InvalidEntryPoint as error:
        refused.append(error.hint)
print(json.dumps(refused))
""")
    assert len(seen) == 2
    assert all("mymodel:fit" in hint for hint in seen)


def test_code_that_differs_is_told_package_by_package(installed: Client, model: ModelTree) -> None:
    model.edit("light_model.py", "return 2 * layer", "return 3 * layer")
    seen = installed.script("""
import json, park, light_model
from park.errors import EnvironmentMismatch
try:
    park.remote_service().submit(light_model.answer, install="never").confirm()
except EnvironmentMismatch as error:
    print(json.dumps([error.details["differences"], error.hint]))
""")
    differences, hint = seen
    assert differences == []  # it is an edit of the tree that is there, and nothing besides
    assert hint == "park install light_model"


def test_code_that_differs_is_installed_first_and_said_so(
    installed: Client, model: ModelTree
) -> None:
    before = installed.json("install", "light_model")
    model.edit("light_model.py", "return 2 * layer", "return 3 * layer")
    seen = installed.script("""
import json, park, light_model
class Lines:
    def __init__(self):
        self.lines = []
    def step(self, text):
        self.lines.append(text)
    def note(self, text):
        self.lines.append(text)
    def progress(self, *_):
        pass
report = Lines()
service = park.remote_service()
jobs = [service.submit(light_model.answer, report=report) for _ in range(2)]
print(json.dumps([jobs[0].result(), jobs[0].lock_hash, jobs[1].lock_hash, report.lines]))
""")
    answer, first, second, lines = seen
    assert answer == installed.call("light_model:answer")
    assert first == second != before["lock_hash"]
    assert any(line.endswith("the service has another edit of it") for line in lines)
    assert sum(line.startswith("installing light-model") for line in lines) <= 2
