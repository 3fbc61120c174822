"""What a submission says of a job, and what is installed for it before it runs."""

from __future__ import annotations

import json
import os
import signal
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from support.faults.pipes import wait_for_exit
from support.labs.job_lab import is_running
from support.services.park_client import Client, ModelTree, make_virtualenv, uv_install
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service that shows its users a folder; tests here kill it."""
    root = tmp_path_factory.mktemp("submission")
    (root / "instrument").mkdir()
    (root / "instrument" / "run.txt").write_text("counts")
    with ParkService(root, "--root", f"snsdata={root / 'instrument'}") as running:
        yield running


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, served: ParkService
) -> Client:
    """Give a client whose model is not installed there."""
    folder = tmp_path_factory.mktemp("submitting")
    tree = ModelTree("job-model", folder)
    python = make_virtualenv(folder / "venv", tree.root, "sortedcontainers")
    return Client.of(python, folder / "client", cache=client_cache, service=served)


def failure(client: Client, *arguments: str) -> tuple[str, str]:
    """Run a job that fails; return its one line, and the traceback that is a command away."""
    done = client.run("run", *arguments, "--json", status=1, quotes_traceback=True)
    document = json.loads(done.stdout)
    assert (document["status"], document["result"]) == ("failed", None)
    assert "\n" not in document["error"]
    traceback = client.run("status", document["id"], "--traceback").stdout
    return document["error"], traceback


def pids(up: Pipe) -> list[int]:
    return [int(word) for word in up.receive().split()]


# -- what is installed first


def test_a_model_that_was_never_installed_is_installed_and_runs(client: Client) -> None:
    done = client.run("run", "job_model:plots", "--arg", "names=[]", "--arg", 'which="x"')
    assert json.loads(done.stdout) == "x"
    lines = done.stderr.splitlines()
    assert any(line.startswith("installing job-model 0.1+t") for line in lines)
    assert any(line.startswith("uploaded job_model-0.1+t") for line in lines)
    again = client.run("run", "job_model:plots", "--arg", "names=[]")
    assert "installing" not in again.stderr


def test_a_submission_does_not_wait_for_the_install(client: Client) -> None:
    """A job that names its install waits there, and not here, until its lock is known."""
    job = client.submit("sortedcontainers:SortedList", iterable=[3, 1, 2])
    record = client.json("status", job)
    assert record["install"] is not None
    seen = client.script(
        "import json, sys, park; job = park.remote_service().job(sys.argv[1]);"
        "print(json.dumps([list(job.result()), job.lock_hash]))",
        job,
    )
    assert seen[0] == [1, 2, 3]
    bound = client.json("status", job)
    assert (bound["status"], bound["lock_hash"]) == ("completed", seen[1])
    assert bound["environment"].endswith(seen[1])


def test_an_install_that_cannot_be_cancels_its_jobs_with_the_cause(
    client: Client, tmp_path: Path
) -> None:
    root = tmp_path / "absent-need"
    root.mkdir()
    (root / "needy.py").write_text("def f():\n    return 1\n")
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core>=3.11"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "needy"\nversion = "1"\ndescription = "needs"\n'
        'dependencies = ["sortedcontainers<2"]\n'
    )
    uv_install(client.python, root, options=("--no-deps",))
    done = client.run("submit", "needy:f", "--json", status=5)
    assert "sortedcontainers" in done.stderr


@pytest.mark.slow
def test_the_operator_keeps_projects_ready_for_everybody(
    client: Client, served: ParkService
) -> None:
    (offered,) = client.json("admin", "offer", "iniconfig==2.1.0")
    assert (offered["project"], offered["version"]) == ("iniconfig", "2.1.0")
    again = client.json("admin", "offer", "iniconfig==2.1.0")
    assert [offer["install"] for offer in again] == [offered["install"]]
    # it is not installed here; the job waits for the offer where that is not ready yet
    result = client.call("iniconfig:IniConfig.__name__.upper", "--offer", "iniconfig")
    assert result == "INICONFIG"
    (ready,) = client.json("admin", "offers")
    assert (ready["state"], ready["error"]) == ("ready", None)
    (environment,) = [e for e in client.json("env", "list") if e["lock_hash"] == ready["lock_hash"]]
    assert environment["pinned_by"] == ["offer iniconfig==2.1.0"]
    message = client.error("run", "iniconfig:IniConfig", "--offer", "numpy", status=2)
    assert "does not offer numpy" in message
    served.restart()
    assert client.json("admin", "offers") == [ready]
    assert client.json("admin", "withdraw", "iniconfig==2.1.0") == [ready]
    assert client.json("admin", "offers") == []
    assert "is not offered" in client.error("admin", "withdraw", "iniconfig==2.1.0", status=2)


def test_an_offer_that_cannot_be_had_says_why(client: Client, served: ParkService) -> None:
    (offer,) = client.json("admin", "offer", "sortedcontainers==0.0.0")
    served.get(f"/api/v1/installs/{offer['install']}", wait=30, after=1000)
    (failed,) = client.json("admin", "offers")
    assert failed["state"] == "failed"
    assert "sortedcontainers 0.0.0" in failed["error"]
    options = ("--offer", "sortedcontainers==0.0.0")
    assert "cannot be had" in client.error("run", "sortedcontainers:f", *options, status=5)
    client.run("admin", "withdraw", "sortedcontainers==0.0.0")


# -- what the job says of itself


def test_a_class_is_a_job_and_its_instance_the_result(client: Client) -> None:
    seen = client.script("""
import json, park, job_model
job = park.remote_service().submit(job_model.Fit, 2.0, offset=1.0)
line = job.result()
assert type(line) is job_model.Fit
print(json.dumps(line.at(3)))
""")
    assert seen == 7.0


@pytest.mark.parametrize("options", [[], ["--fresh"]], ids=["forked", "fresh"])
def test_the_time_limit_of_the_decorator_holds(
    client: Client, up: Pipe, go: Pipe, options: list[str]
) -> None:
    line, _ = failure(client, "job_model:brief", *options, "-a", f'up="{up}"', "-a", f'go="{go}"')
    assert line == "ran longer than its 0.3 s and was stopped"


def test_a_limit_of_the_submission_counts_before_the_decorator_s(
    client: Client, up: Pipe, go: Pipe
) -> None:
    seen = client.script(
        """
import json, sys, park, job_model
up, go = sys.argv[1:]
job = park.remote_service().submit(job_model.brief, up, go, timeout=300)
with open(up) as pipe:
    pipe.readline()
import select
select.select([], [], [], 0.6)  # longer than the decorator's limit
with open(go, "w") as pipe:
    pipe.write("in time\\n")
print(json.dumps(job.result()))
""",
        str(up),
        str(go),
    )
    assert seen == "in time"


def test_progress_and_files_are_told_by_name_and_url(client: Client, served: ParkService) -> None:
    seen = client.script("""
import json, park, job_model
from park.errors import UnknownItem
service = park.remote_service()
one = service.submit(job_model.plots, ["fit 1.png"])
one.result()
two = service.submit(job_model.plots, ["a.png", "b.png"], which="b.png")
two.result()
three = service.submit(job_model.plots, ["a.png", "b.png"])
three.result()
try:
    str(three.filename)
except UnknownItem as error:
    refused = error.message
report = service.submit(job_model.report, 3)
report.result()
seen = [str(one.filename), str(one.url), str(two.filename), refused]
print(json.dumps([*seen, report.refresh().progress]))
""")
    first, url, second, refused, progress = seen
    assert (first, second) == ("fit 1.png", "b.png")
    assert url.startswith(served.url)
    assert served.request("GET", url.removeprefix(served.url)).text == "fit 1.png"
    assert refused.endswith("left several files: a.png, b.png")
    assert (progress["done"], progress["total"], progress["values"]) == (3, 3, {"chisq": 1.5})


def test_many_jobs_go_in_one_request(client: Client) -> None:
    seen = client.script("""
import json, park, job_model
jobs = park.remote_service().submit_all(
    job_model.plots, [{"names": [], "which": n} for n in range(20)]
)
print(json.dumps([job.result() for job in jobs]))
""")
    assert seen == list(range(20))


# -- how jobs end


@pytest.mark.parametrize(
    ("call", "line", "last"),
    [
        (["leave", "code=3"], "the job called sys.exit(3) instead of returning", "SystemExit: 3"),
        (["vanish", "code=4"], "the process ended with exit status 4 and left no result", None),
        (["die", f"number={signal.SIGKILL:d}"], "the process was killed by SIGKILL", None),
        (["crash"], "the process was killed by SIGSEGV (an invalid memory access", None),
        (["eat", "megabytes=4000"], "out of memory: the job's limit is 256 MiB", "MemoryError"),
        (["lock"], "cannot serialise the result: a value of type _thread.lock", "cannot pickle"),
        (["absent"], "job_model has no 'absent'", None),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_every_end_without_a_result_is_one_line_and_a_traceback(
    client: Client, call: list[str], line: str, last: str | None
) -> None:
    name, *arguments = call
    options = [text for argument in arguments for text in ("-a", argument)]
    said, traceback = failure(client, f"job_model:{name}", "--memory", "256M", *options)
    assert said.startswith(line)
    if last is None:
        assert traceback.rstrip().endswith("no traceback")
    else:
        assert last in traceback


def test_a_cancel_ends_the_whole_process_group(client: Client, up: Pipe, go: Pipe) -> None:
    job = client.submit("job_model:children", up=str(up), go=str(go))
    leader, child = pids(up)
    assert client.run("cancel", job).stdout == f"{job}  cancelled\n"
    # an orphan may stay a zombie for as long as this machine's init takes
    assert not is_running(leader)
    assert not is_running(child)


def lose(client: Client, served: ParkService, up: Pipe) -> None:
    """Kill the service, the fork server and the job, so that nobody sees the job end."""
    job, fork_server = pids(up)
    served.kill()
    for pid in (fork_server, job):
        os.kill(pid, signal.SIGKILL)
        wait_for_exit(pid)
    served.start()
    assert client.folder.exists()


@pytest.mark.slow
def test_a_job_that_may_runs_again_from_the_beginning(
    client: Client, served: ParkService, up: Pipe, go: Pipe, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    job = client.submit("job_model:again", up=str(up), go=str(go), runs=str(runs))
    lose(client, served, up)
    pids(up)  # the second attempt is there
    go.send("at last")
    assert json.loads(client.run("result", job).stdout) == "at last"
    assert runs.read_text().split() == ["1", "2"]
    assert client.json("status", job)["attempt"] == 2


@pytest.mark.slow
def test_a_submission_may_say_so_as_well(
    client: Client, served: ParkService, up: Pipe, go: Pipe
) -> None:
    job = client.submit("job_model:stay", "--restartable", up=str(up), go=str(go))
    lose(client, served, up)
    pids(up)
    go.send("again")
    assert json.loads(client.run("result", job).stdout) == "again"


def test_a_job_that_may_not_is_lost_and_says_with_what(
    client: Client, served: ParkService, up: Pipe, go: Pipe
) -> None:
    job = client.submit("job_model:stay", up=str(up), go=str(go))
    lose(client, served, up)
    record = served.job_when_final(job)
    assert record["status"] == "failed"
    assert record["error"].startswith("lost with process ")
    assert record["attempt"] == 1


# -- files on the service


def test_files_go_to_the_area_and_come_back(
    client: Client, served: ParkService, tmp_path: Path
) -> None:
    source = tmp_path / "run 1.txt"
    source.write_text("q r dr")
    assert "shared" in [entry["name"] for entry in client.json("files", "list", "~")]
    owner = client.run("files", "put", str(source), "~/data/").stdout.strip()
    assert owner.endswith("/data/run 1.txt")
    (entry,) = client.json("files", "list", "~/data")
    assert (entry["name"], entry["kind"], entry["size"]) == ("run 1.txt", "file", 6)
    client.run("files", "get", "~/data/run 1.txt", "-o", str(tmp_path / "back.txt"))
    assert (tmp_path / "back.txt").read_text() == "q r dr"
    url = client.run("files", "url", "~/data/run 1.txt").stdout.strip()
    assert served.request("GET", url.removeprefix(served.url)).text == "q r dr"
    client.run("files", "remove", "-r", "~/data")
    assert "no ~" in client.error("files", "list", "~/data", status=2)


def test_a_job_reads_and_writes_files_of_the_service(client: Client) -> None:
    options = ("--service-file", "source=/snsdata/run.txt", "--service-file")
    result = client.call("job_model:copy", *options, "target=~/shared/new/run.refl")
    assert result == "run.refl"
    seen = client.script("""
import json, park, job_model
service = park.remote_service()
source = park.service_file("~/shared/new/run.refl")
service.submit(job_model.copy, source, target=park.service_file("~/again.txt")).result()
from pathlib import Path
text = service.files.get("~/again.txt", Path("here.txt")).read_text()
print(json.dumps([text, [area.name for area in service.files.areas()]]))
""")
    assert seen == ["COUNTS", ["~", "/snsdata"]]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("~/../../park.sqlite", "has no '..'"),
        ("/snsdata/../../home/token", "has no '..'"),
        ("/etc/passwd", "shows no /etc"),
        ("/snsdata/absent", "no /snsdata/absent on this service"),
    ],
)
def test_no_path_leads_out_neither_here_nor_in_a_job(
    client: Client, path: str, reason: str
) -> None:
    assert reason in client.error("files", "get", path, status=2)
    options = ("--service-file", f"source={path}", "-a", 'target="x"')
    line, _ = failure(client, "job_model:copy", *options)
    assert reason in line


def test_no_request_leads_out_however_it_is_spelled(served: ParkService) -> None:
    """A client of ours would not even send these."""
    address = urlsplit(served.url)
    for path in ("~/../../token", "~/%2e%2e/%2e%2e/token", "~/..%2f..%2ftoken", "../areas/~/x"):
        connection = HTTPConnection(str(address.hostname), address.port, timeout=LIMIT_S)
        headers = {"Authorization": f"Bearer {served.token}"}
        connection.request("GET", f"/api/v1/areas/files/{path}", headers=headers)
        answer = connection.getresponse()
        assert answer.status in {400, 404}
        assert served.token.encode() not in answer.read()
        connection.close()


def test_a_link_that_a_job_leaves_leads_nowhere(client: Client) -> None:
    script = """
import json, os, sys, park, job_model
from park.errors import UnknownItem
service = park.remote_service()
service.submit("os:symlink", arguments={"src": sys.argv[1], "dst": park.service_file("~/door")},
               lock=service.submit(job_model.plots, []).lock_hash).result()
refused = []
for act in (lambda: service.files.get("~/door", "x"), lambda: service.files.list("~/door")):
    try:
        act()
    except UnknownItem as error:
        refused.append("links are not followed" in error.message)
service.files.remove("~/door")
print(json.dumps([refused, os.path.exists(sys.argv[1])]))
"""
    assert client.script(script, client.configuration.parent) == [[True, True], True]


# -- the way there


def test_the_doctor_finds_all_well_and_what_is_not(client: Client, served: ParkService) -> None:
    findings = client.json("doctor")
    assert [each["what"] for each in findings] == [
        *("python", "configuration", "service", "versions", "environments", "isolation"),
        *("clock", "memory"),
    ]
    assert all(each["ok"] for each in findings), findings
    assert served.url in client.run("doctor").stdout
    away = client.run("doctor", "--service", "http://127.0.0.1:9", status=3).stdout
    assert "BAD  service" in away
    assert "hint: is the service running" in away
    denied = client.with_variables(PARK_TOKEN="wrong").run("doctor", status=4).stdout
    assert "does not know the token" in denied


def test_the_memory_of_what_waits_is_shown(client: Client, served: ParkService) -> None:
    client.call("job_model:plots", names=[])
    servers = served.get("/api/v1/fork-servers")
    (ours,) = [each for each in servers if each["module"] == "job_model"]
    assert ours["memory_bytes"] > 2**20
    assert ours["running"] == 0
    assert ours["spares"] >= 1
    assert is_running(ours["pid"])
