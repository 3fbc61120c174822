"""What a service remembers of calls, as its users see it: listed, counted, forgotten, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe

SAID = "@park.job(memo=False)"
JOBS = '''
@park.job(memo=False)
def impure():
    """Return what is not the same each time."""
    return os.getpid()


def unseeded():
    """Return what is not the same each time, and do not say so."""
    return os.getpid()


def far(up, go):
    """Say how far this is, and wait for a line from ``go``."""
    park.progress(1, 4, chisq=2.5)
    print("so far", flush=True)
    with Path(up).open("w") as pipe:
        pipe.write("up\\n")
    with Path(go).open() as pipe:
        return pipe.readline().strip()
'''


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelTree:
    """Give a model that has jobs to be remembered, and one that is not to be."""
    tree = ModelTree("light-model", tmp_path_factory.mktemp("model"))
    tree.edit("light_model.py", "\ndef fail(reason):", f"{JOBS}\n\ndef fail(reason):")
    tree.edit("light_model.py", "from sortedcontainers", "import park\nfrom sortedcontainers")
    return tree


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, model: ModelTree) -> Path:
    """Return the interpreter of whoever has the model."""
    return make_virtualenv(tmp_path_factory.mktemp("python") / "venv", model.root)


@pytest.fixture(scope="module")
def remembering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service that nobody else submits the same calls to."""
    with ParkService(tmp_path_factory.mktemp("remembered"), "--slots", "2") as running:
        yield running


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory,
    client_cache: Path,
    remembering: ParkService,
    python: Path,
) -> Client:
    """Give a client whose model is installed there."""
    folder = tmp_path_factory.mktemp("client")
    client = Client.of(python, folder, cache=client_cache, service=remembering)
    client.run("install", "light_model")
    return client


def ran(client: Client, service: ParkService, entry_point: str, **arguments: Any) -> dict[str, Any]:
    """Submit a job; return its record when it has ended."""
    return service.job_when_final(client.submit(entry_point, **arguments))


def test_the_list_says_how_often_a_run_has_answered(
    client: Client, remembering: ParkService
) -> None:
    first, second, third = (
        ran(client, remembering, "light_model:echo", value="listed") for _ in range(3)
    )
    assert [each["attempt"] for each in (first, second, third)] == [1, 0, 0]
    (found,) = client.json("memo", "list", "--entry-point", "light_model:echo")
    assert (found["job"], found["answered"]) == (first["id"], 2)
    (line,) = client.run("memo", "list", "--entry-point", "light_model:echo").stdout.splitlines()
    assert line.startswith(first["id"])
    assert line.endswith("answered 2 times  echo(value='listed')")
    nothing = client.run("memo", "list", "--entry-point", "light_model:ordered").stdout
    assert nothing == "nothing is remembered\n"


@pytest.mark.slow
def test_the_sums_count_what_was_saved(client: Client, remembering: ParkService) -> None:
    before = client.json("memo", "stats")
    for _ in range(2):
        ran(client, remembering, "light_model:layer", name="film", thickness=4.5)
    after = client.json("memo", "stats")
    assert after["remembered"] - before["remembered"] == 1
    assert after["answered"] - before["answered"] == 1
    assert after["saved_s"] >= before["saved_s"]
    told = client.run("memo", "stats").stdout.splitlines()
    assert told[0] == f"remembered  {after['remembered']:,} runs"
    assert told[1].startswith(f"answered    {after['answered']:,} jobs, which would have run ")
    assert told[2] == "checked     0 answers, of which 0 differed"


def test_what_is_forgotten_runs_again(client: Client, remembering: ParkService) -> None:
    def again(value: str) -> dict[str, Any]:
        return ran(client, remembering, "light_model:echo", value=value)

    first, answered = again("a"), again("a")
    again("b")
    # by the id of whoever was answered, too: it is the run that is meant
    assert client.run("memo", "forget", answered["id"]).stdout == "1 run is forgotten\n"
    assert (again("a")["attempt"], again("b")["attempt"]) == (1, 0)
    assert client.json("status", first["id"])["status"] == "completed"
    forgotten = client.json("memo", "forget", "--entry-point", "light_model:echo")["forgotten"]
    assert forgotten >= 2
    assert (again("a")["attempt"], again("b")["attempt"]) == (1, 1)
    client.run("memo", "forget", "--all")
    assert client.json("memo", "stats")["remembered"] == 0
    assert again("a")["attempt"] == 1
    assert "one of job, entry_point, or everything" in client.error("memo", "forget", status=2)


@pytest.mark.slow
def test_what_says_that_it_is_impure_runs_each_time(
    client: Client, remembering: ParkService
) -> None:
    jobs = [ran(client, remembering, "light_model:impure") for _ in range(2)]
    assert [each["attempt"] for each in jobs] == [1, 1]
    told = client.run("explain", jobs[1]["id"]).stdout.splitlines()
    assert told == [
        f"ran: job …{jobs[0]['id'][-6:]} was the same call, but answers no other: {SAID}",
        f"  it answers no later call: {SAID}",
    ]
    submit = """
import json, park, light_model
with park.remote_service() as service:
    said = [light_model.impure() for _ in range(2)]
    asked = [service.submit(light_model.unseeded, memo=False) for _ in range(2)]
print(json.dumps([job.id for job in said + asked]))
"""
    ids = client.script(submit)
    assert [remembering.job_when_final(job)["attempt"] for job in ids] == [1, 1, 1, 1]


@pytest.mark.slow
def test_a_file_on_the_service_counts_by_what_is_in_it(
    client: Client, remembering: ParkService, tmp_path: Path
) -> None:
    def put(text: str) -> None:
        (tmp_path / "counts.txt").write_text(text)
        client.run("files", "put", tmp_path / "counts.txt", "~/data/")

    read = """
import json, park, light_model
job = park.remote_service().submit(light_model.read, park.service_file("~/data/counts.txt"))
print(json.dumps([job.result(), job.id]))
"""
    put("1 2 3")
    one, again = client.script(read), client.script(read)
    put("1 2 4")
    two = client.script(read)
    put("1 2 3")
    back = client.script(read)
    attempts = [remembering.job_when_final(job)["attempt"] for _, job in (one, again, two, back)]
    assert ([value for value, _ in (one, again, two, back)], attempts) == (
        ["1 2 3", "1 2 3", "1 2 4", "1 2 3"],
        [1, 0, 1, 0],
    )


def test_who_joined_a_run_is_as_far_as_that(
    client: Client, remembering: ParkService, up: Pipe, go: Pipe
) -> None:
    first, second = (client.submit("light_model:far", up=str(up), go=str(go)) for _ in range(2))
    up.receive()
    record = client.json("status", second)
    assert (record["status"], record["progress"]["values"]) == ("waiting", {"chisq": 2.5})
    assert "progress     1 of 4, chisq 2.5\n" in client.run("status", second).stdout
    (line,) = [it for it in client.run("jobs").stdout.splitlines() if second[-6:] in it]
    assert "1 of 4, chisq 2.5" in line
    nodes = {node["id"]: node for node in client.json("graph", second)["nodes"]}
    assert nodes[second]["progress"]["values"] == {"chisq": 2.5}
    log = remembering.request("GET", f"/api/v1/jobs/{second}/logs/stdout", params={"wait": 25})
    assert log.text == "so far\n"
    waits = """
import json, sys, park, light_model
with park.remote_service() as service:
    joined = park.get_job(sys.argv[1])
    after = service.submit(light_model.echo, "heard", when=joined.progress["chisq"] < 3)
    print(json.dumps([after.result(), joined.status]))
"""
    assert client.script(waits, second) == ["heard", "waiting"]
    go.send("done")
    assert [remembering.job_when_final(job)["attempt"] for job in (first, second)] == [1, 0]


@pytest.mark.slow
def test_answers_are_run_and_compared_where_the_operator_says_so(
    tmp_path: Path, client_cache: Path, python: Path
) -> None:
    options = ("--slots", "2", "--verify-memo", "100%")
    with ParkService(tmp_path / "checking", *options) as checking:
        client = Client.of(python, tmp_path / "client", cache=client_cache, service=checking)
        client.run("install", "light_model")
        for _ in range(2):
            ran(client, checking, "light_model:echo", value="the same")
        impure = [ran(client, checking, "light_model:unseeded") for _ in range(2)]
        assert [each["attempt"] for each in impure] == [1, 1]
        checking.until_said("was run to check what is remembered: its result is another")
        stats = client.json("memo", "stats")
        assert (stats["checked"], stats["differing"]) == (2, 1)
        events = [each for each in client.events() if each["type"] == "memo-differs"]
        assert [each["id"] for each in events] == [impure[1]["id"]]
        # what differed is not remembered any more
        assert client.json("memo", "list", "--entry-point", "light_model:unseeded") == []
        assert len(client.json("memo", "list", "--entry-point", "light_model:echo")) >= 1
