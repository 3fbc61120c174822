"""A service whose released projects live in another index: real pypiserver, real devpi."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import httpx2
import pytest
from support.material.index_tools import (
    LOGIN,
    install_tools,
    pip_install,
    run,
    run_tool,
    session_folder,
    tool_variables,
    upload,
    uv_install,
)  # fmt: skip
from support.material.wheels import make_sdist, make_wheel
from support.neighbours.index_server import application, opened_index, serving
from support.neighbours.ports import free_port
from support.services.bearer import Bearer
from support.services.park_service import ParkService
from support.session.slow_cases import slow_after

from park_repo.negotiation import JSON
from park_repo.upstream.external import ExternalIndex
from park_repo.upstream.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

TREE = "1.0+t0123456789abcdef"
ADA = ("ada", "s3cret")


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the scripts of pypiserver and devpi.

    pypiserver 2.4.2 does not start with bcrypt 5: see docs/decisions/0004.
    """
    folder = session_folder(tmp_path_factory, "indexes")
    return install_tools(folder, "pypiserver", "bcrypt<5", "devpi-server", "devpi-client")


@contextmanager
def started(*command: str | Path, home: Path) -> Iterator[None]:
    """Run a server from the line of its output that says that it serves until the end."""
    with subprocess.Popen(
        command, cwd=home, env=tool_variables(home) | {"PYTHONUNBUFFERED": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "Serving on" in line or "Listening on" in line:
                break
        else:
            raise AssertionError("".join(seen))
        # whatever it says further must not fill the pipe
        reader = threading.Thread(target=_drain, args=(process.stdout,))
        reader.start()
        try:
            yield
        finally:
            process.terminate()
            process.wait()
            reader.join()


def _drain(output: IO[str]) -> None:
    for _ in output:
        pass


@contextmanager
def pypiserver(tools: Path, folder: Path) -> Iterator[str]:
    """Run pypiserver as it comes, with a password, redirecting to PyPI what it does not have."""
    (folder / "packages").mkdir(parents=True)
    make = run_tool(tools / "python", "-c", HTPASSWD, folder / "htpasswd", *ADA, home=folder)
    assert make.returncode == 0, make.stderr
    port = free_port()
    with started(
        tools / "pypi-server", "run", "-i", "127.0.0.1", "-p", str(port), "-v",
        "-P", folder / "htpasswd", "-a", "update,download,list", folder / "packages",
        home=folder,
    ):  # fmt: skip
        yield f"http://127.0.0.1:{port}/simple/"


HTPASSWD = (
    "import sys; from passlib.apache import HtpasswdFile;"
    "file = HtpasswdFile(sys.argv[1], new=True); file.set_password(*sys.argv[2:]); file.save()"
)


@contextmanager
def devpi(tools: Path, folder: Path) -> Iterator[str]:
    """Run devpi-server with a user and an index of its own."""
    folder.mkdir(parents=True)
    server = folder / "server"
    made = run_tool(tools / "devpi-init", "--serverdir", server, "--no-root-pypi", home=folder)
    assert made.returncode == 0, made.stderr
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with started(
        tools / "devpi-server", "--serverdir", server, "--port", str(port),
        home=folder,
    ):  # fmt: skip
        for step in (
            ["use", url], ["user", "-c", ADA[0], f"password={ADA[1]}"],
            ["login", ADA[0], f"--password={ADA[1]}"],
            ["index", "-c", "dev", "bases=", "volatile=False"],
        ):  # fmt: skip
            done = run_tool(tools / "devpi", *step, home=folder)
            assert done.returncode == 0, done.stdout + done.stderr
        yield f"{url}/{ADA[0]}/dev/+simple/"


@pytest.fixture(
    scope="module", params=slow_after(1, [pypiserver, devpi]), ids=["pypiserver", "devpi"]
)
def external(
    request: pytest.FixtureRequest, tools: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Run each of the two; give the URL of its simple API. Each test has a project of its own."""
    with request.param(tools, tmp_path_factory.mktemp("external") / "server") as url:
        yield url


@pytest.fixture
def place(external: str, tmp_path: Path) -> Iterator[Place]:
    """Serve an index over the external one, with an upstream that has ``six`` 1.0."""
    with (
        opened_index(tmp_path / "upstream") as behind,
        serving(application(behind, is_open=True)) as up,
        opened_index(
            tmp_path / "index",
            upstream=Upstream(f"{up}/simple/"),
            external=ExternalIndex(external, login=ADA),
        ) as ours,
        serving(application(ours)) as url,
    ):
        upload(up, make_wheel(tmp_path / "up", "six", "1.0"))
        yield Place(url=url, index=external)


@dataclass(frozen=True)
class Place:
    """A service over an external index, with an upstream that has ``six`` 1.0."""

    url: str
    index: str

    def get(self, path: str) -> httpx2.Response:
        """Ask the service for a page as JSON."""
        return httpx2.get(
            f"{self.url}{path}", headers={"Accept": JSON}, auth=LOGIN, trust_env=False
        )


def test_released_projects_are_read_from_it_and_uploaded_to_it(
    place: Place, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, requires=["six"])
    first = upload(place.url, wheel)
    assert (first.status_code, first.json()["new"]) == (200, True), first.text
    # its simple API has it now, without us between
    there = httpx2.get(f"{place.index}demo/", auth=ADA, follow_redirects=True, trust_env=False)
    assert wheel.name in there.text
    again = upload(place.url, wheel)
    assert (again.status_code, again.json()["new"]) == (200, False)
    other = upload(place.url, make_wheel(tmp_path / "b", files={"demo.py": b"other"}))
    assert (other.status_code, "other bytes" in other.json()["detail"]) == (409, True)
    for install in (pip_install, uv_install):
        installed = install(place.url, "/simple/", "demo", home=tmp_path)
        assert installed == {"demo": "1.0", "six": "1.0"}
    names = place.get("/simple/").json()["projects"]
    assert {"name": "demo"} in names


def test_tools_publish_through_the_service(place: Place, tmp_path: Path) -> None:
    files = (make_wheel(tmp_path, "tooled"), make_sdist(tmp_path, "tooled"))
    done = run(
        "twine", "upload", "--non-interactive", "--verbose", "--disable-progress-bar",
        "--repository-url", f"{place.url}/legacy/", "-u", LOGIN[0], "-p", LOGIN[1], *files,
        home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    listed = {file["filename"] for file in place.get("/simple/tooled/").json()["files"]}
    assert listed == {file.name for file in files}


def test_trees_and_checks_stay_with_the_service(place: Place, tmp_path: Path) -> None:
    tree = upload(place.url, make_wheel(tmp_path, "treed", TREE))
    assert (tree.status_code, tree.json()["layer"]) == (200, "trees")
    broken = tmp_path / "treed-2.0-py3-none-any.whl"
    broken.write_bytes(b"no zip archive")
    assert upload(place.url, broken).status_code == 400
    assert place.get("/simple/treed/").status_code == 404
    trees = uv_install(place.url, "/trees/simple/", f"treed=={TREE}", home=tmp_path)
    assert trees == {"treed": TREE}


def test_upstream_is_behind_it_and_never_mixed_with_it(place: Place, tmp_path: Path) -> None:
    """pypiserver answers a name that it does not have with a redirect to PyPI: not followed."""
    (file,) = place.get("/simple/six/").json()["files"]
    assert file["filename"] == "six-1.0-py3-none-any.whl"
    refused = upload(place.url, make_wheel(tmp_path, "six", "99.0"))
    assert refused.status_code == 403
    assert place.get("/simple/numpy/").status_code == 404


def test_a_service_is_served_over_it(external: str, tmp_path: Path) -> None:
    login = tmp_path / "login"
    login.write_text(":".join(ADA))
    options = ("--upstream", "none", "--index", external, "--index-login", str(login))
    with ParkService(tmp_path / "service", *options) as service:
        wheel = make_wheel(tmp_path, "served")
        assert upload(service.url, wheel, service.token).status_code == 200
        there = httpx2.get(f"{external}served/", auth=ADA, follow_redirects=True, trust_env=False)
        assert wheel.name in there.text
        installed = pip_install(
            service.url, "/simple/", "served", home=tmp_path, token=service.token
        )
        assert installed == {"served": "1.0"}
        refused = httpx2.put(
            f"{service.url}/api/v1/index/projects/served/versions/1.0/yank",
            json={"reason": ""}, auth=Bearer(service.token), trust_env=False,
        )  # fmt: skip
        assert (refused.status_code, "there" in refused.json()["hint"]) == (422, True)
        shown = service.get("/api/v1/index/projects/served")
        assert (shown["versions"], shown["kept_by"]) == (1, external)
        assert [each["kept_by"] for each in shown["files"]] == [external]
        assert service.get("/api/v1")["kept_by"] == external
    assert ADA[1] not in service.log
