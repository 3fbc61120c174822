"""``kill -9`` between any two stations of an install: the next start goes on, and all is whole."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uv
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from support.faults.wholeness import assert_whole, held_database
from support.material.projects import write_tree
from support.neighbours.index_server import serving
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.gated_index import Gate, gated_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """An index behind the service, and the gate before it."""

    url: str
    gate: Gate


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a virtualenv of its own: its models come and go while services are killed."""
    folder = tmp_path_factory.mktemp("crash-client") / "venv"
    return make_virtualenv(folder, "sortedcontainers", "packaging")


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory, python: Path) -> Iterator[Upstream]:
    """Serve the real wheels that the client has, behind a gate."""
    folder = tmp_path_factory.mktemp("upstream")
    listed = subprocess.run(
        [uv.find_uv_bin(), "pip", "list", "--python", str(python), "--format", "json"],
        check=True,
        capture_output=True,
    )
    versions = {item["name"]: item["version"] for item in json.loads(listed.stdout)}
    pins = [f"{name}=={versions[name]}" for name in ("sortedcontainers", "packaging")]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, *pins], check=True)
    with gated_index(folder / "index", folder.glob("*.whl")) as (url, gate):
        yield Upstream(url=url, gate=gate)


@pytest.fixture
def crashing(tmp_path: Path, upstream: Upstream) -> Iterator[ParkService]:
    """Run a service that is going to be killed."""
    with ParkService(tmp_path / "service", "--upstream", upstream.url) as running:
        yield running


@pytest.fixture
def client(
    python: Path, tmp_path: Path, client_cache: Path, crashing: ParkService, answer: int
) -> Client:
    """Give the client of that service, with a model that is new."""
    tree = ModelTree("light-model", tmp_path / "models")
    tree.edit("light_model.py", "ANSWER = 42", f"ANSWER = {answer}")
    tree.install(python)
    return Client.of(python, tmp_path / "client", cache=client_cache, service=crashing)


def requested(client: Client, service: ParkService, target: str) -> tuple[str, Path]:
    """Send the request of ``park install``, and no more; return its id and the missing wheel."""
    request = captured_request(client, target)
    record = service.request("POST", "/api/v1/installs", json=request).json()
    (missing,) = record["missing"]
    assert record["state"] == "awaiting-upload"
    (wheel,) = client.cache.rglob(missing)
    return record["id"], wheel


def captured_request(client: Client, target: str) -> dict[str, Any]:
    """Let ``park install`` send its request to a service that takes it down and says: ready."""
    requests: list[dict[str, Any]] = []

    async def install(request: Request) -> JSONResponse:
        requests.append(await request.json())
        facts = {"state": "ready", "set_hash": "", "lock_hash": "", "revision": 1}
        return JSONResponse(requests[-1] | facts)

    async def whoami(_: Request) -> JSONResponse:
        who = {"user": "ada", "roles": ["realise"], "groups": [], "kind": "user"}
        return JSONResponse(who | {"audience": "service", "id": None, "expires_at": None})

    routes = [
        Route("/api/v1/whoami", whoami),
        Route("/api/v1/installs", install, methods=["POST"]),
    ]
    with serving(Starlette(routes=routes)) as url:
        client.with_variables(PARK_TOKEN="any").run("install", target, "-s", url)
    (request,) = requests
    return request


def upload(service: ParkService, wheel: Path) -> None:
    service.request(
        "POST",
        "/legacy/",
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (wheel.name, wheel.read_bytes())},
    )


def follow(service: ParkService, install: str, until: str) -> dict[str, Any]:
    """Follow an install until it is final, or shows progress in the stage ``until``."""
    revision, deadline = -1, time.monotonic() + LIMIT_S
    while True:
        record: dict[str, Any] = service.get(f"/api/v1/installs/{install}", after=revision, wait=30)
        assert time.monotonic() < deadline, record
        stage = (record["progress"] or {}).get("stage")
        if until == stage or record["state"] in {"ready", "failed"}:
            return record
        revision = record["revision"]


def goes_on(service: ParkService, install: str, client: Client) -> None:
    """See the killed service's install end well by itself, and a new one find it all done."""
    record = follow(service, install, until="the end")
    assert (record["state"], record["error"]) == ("ready", None)
    outcome = client.json("install", "light_model")  # then all is at rest
    assert (outcome["built"], outcome["uploaded"], outcome["realised"]) == ([], [], False)
    assert outcome["lock_hash"] == record["lock_hash"]
    assert client.call("light_model:ordered", values=[2, 1]) == [1, 2]
    assert_whole(service.home)


def killed_while(service: ParkService, install: str, state: str) -> None:
    assert service.get(f"/api/v1/installs/{install}")["state"] == state
    service.kill()


def test_after_the_request_before_the_upload(crashing: ParkService, client: Client) -> None:
    install, wheel = requested(client, crashing, "light_model")
    killed_while(crashing, install, "awaiting-upload")
    crashing.start()
    upload(crashing, wheel)
    goes_on(crashing, install, client)


def test_after_the_upload(crashing: ParkService, client: Client, upstream: Upstream) -> None:
    install, wheel = requested(client, crashing, "light_model")
    with upstream.gate.closed("/simple/sortedcontainers/"):
        upload(crashing, wheel)
        crashing.kill()
    crashing.start()
    goes_on(crashing, install, client)


def test_while_resolving(crashing: ParkService, client: Client, upstream: Upstream) -> None:
    install, wheel = requested(client, crashing, "light_model")
    with upstream.gate.closed("/simple/sortedcontainers/"):
        upload(crashing, wheel)
        upstream.gate.wait_for_request()
        killed_while(crashing, install, "resolving")
    crashing.start()
    goes_on(crashing, install, client)


def test_while_downloading(crashing: ParkService, client: Client, upstream: Upstream) -> None:
    install, wheel = requested(client, crashing, "light_model")
    with upstream.gate.closed(".whl"):
        upload(crashing, wheel)
        upstream.gate.wait_for_request()
        killed_while(crashing, install, "realising")
    crashing.start()
    goes_on(crashing, install, client)


def test_just_after_the_environment_is_in_its_place(
    crashing: ParkService, client: Client, upstream: Upstream
) -> None:
    install, wheel = requested(client, crashing, "light_model")
    with ExitStack() as stack:
        with upstream.gate.closed(".whl"):
            upload(crashing, wheel)
            upstream.gate.wait_for_request()
            stack.enter_context(held_database(crashing.home))
        record = follow(crashing, install, until="link")
        assert (crashing.home / "envs/v1" / record["lock_hash"]).is_dir()
        killed_while(crashing, install, "realising")
    crashing.start()
    goes_on(crashing, install, client)


def test_while_unpacking(crashing: ParkService, client: Client) -> None:
    tree = write_tree(client.folder / "bulky", bulky_tree(modules=500))
    install, wheel = requested(client, crashing, str(tree))
    upload(crashing, wheel)
    follow(crashing, install, until="download")  # over at once: the wheel is here
    crashing.kill()
    crashing.start()
    record = follow(crashing, install, until="the end")
    assert (record["state"], record["error"]) == ("ready", None)
    assert client.call("bulky.m499:answer", "--lock", record["lock_hash"]) == 499
    client.run("install", str(tree))
    assert_whole(crashing.home)


def test_just_after_it_is_ready(crashing: ParkService, client: Client) -> None:
    install, wheel = requested(client, crashing, "light_model")
    upload(crashing, wheel)
    assert follow(crashing, install, until="the end")["state"] == "ready"
    crashing.kill()
    crashing.start()
    goes_on(crashing, install, client)


def bulky_tree(*, modules: int) -> dict[str, str]:
    """Return a project that takes a while to unpack."""
    pyproject = """
        [build-system]
        requires = ["flit_core>=3.11"]
        build-backend = "flit_core.buildapi"
        [project]
        name = "bulky"
        version = "1.0"
        description = "Many modules"
    """
    files = {f"bulky/m{n}.py": f"def answer():\n    return {n}\n" for n in range(modules)}
    return {"pyproject.toml": pyproject, "bulky/__init__.py": "", **files}


HASTY = """
import sys
from park.client.access import transport
from park.cli.main import main
transport._GIVE_UP_S = 2.0  # and not a minute
sys.exit(main(sys.argv[1:]))
"""


def test_a_client_whose_service_dies_is_told_so_and_goes_on_with_the_next(
    crashing: ParkService, client: Client, upstream: Upstream
) -> None:
    with (
        upstream.gate.closed(".whl"),
        subprocess.Popen(
            [client.python, "-c", HASTY, "install", "light_model"],
            env=client.environ(),
            cwd=client.folder,
            stderr=subprocess.PIPE,
            text=True,
        ) as installing,
    ):
        upstream.gate.wait_for_request()
        crashing.kill()
        _, stderr = installing.communicate(timeout=LIMIT_S)
    assert installing.returncode == 3
    assert f"park: error: nothing answers at {crashing.url}" in stderr
    crashing.start()
    outcome = client.json("install", "light_model")
    assert (outcome["status"], outcome["built"], outcome["uploaded"]) == ("ready", [], [])
    assert_whole(crashing.home)


def test_a_job_that_waits_for_an_install_runs_once_it_is_ready(
    crashing: ParkService, client: Client, upstream: Upstream, tmp_path: Path, answer: int
) -> None:
    install, wheel = requested(client, crashing, "light_model")
    request = {
        "id": "00000000-0000-7000-8000-000000000001",
        "entry_point": "light_model:count",
        "call": {"args": [str(tmp_path / "runs")], "kwargs": {}},
        "install": install,
    }
    (job,) = crashing.request("POST", "/api/v1/jobs", json=[request]).json()
    assert (job["status"], job["lock_hash"]) == ("waiting", None)
    crashing.restart()
    with upstream.gate.closed(".whl"):
        upload(crashing, wheel)
        upstream.gate.wait_for_request()
        crashing.kill()
    crashing.start()
    record = crashing.job_when_final(job["id"])
    assert (record["status"], record["error"]) == ("completed", None)
    assert record["lock_hash"] == follow(crashing, install, until="the end")["lock_hash"]
    assert len((tmp_path / "runs").read_text().splitlines()) == 1
    assert json.loads(client.run("result", job["id"]).stdout) == answer
