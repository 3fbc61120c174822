"""``park serve --index pypiserver:DIR``: released projects are the wheels of a folder."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx2
import pytest
from support.material.index_tools import LOGIN, pip_install, run, uv_install
from support.material.wheels import make_sdist, make_wheel
from support.services.bearer import Bearer
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.session.moments import moments

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[ParkService]:
    make_wheel(folder, "old", "1.0")
    (folder / "broken-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    options = ("--upstream", "none", "--index", f"pypiserver:{folder}")
    with ParkService(tmp_path_factory.mktemp("service"), *options) as running:
        yield running


def listed(service: ParkService, project: str) -> set[str]:
    """Return the files of the page of a project, asked for anew."""
    answer = httpx2.get(
        f"{service.url}/simple/{project}/", auth=Bearer(service.token), trust_env=False,
        headers={"Accept": "application/vnd.pypi.simple.v1+json"}, timeout=LIMIT_S,
    )  # fmt: skip
    return {file["filename"] for file in answer.json()["files"]} if answer.is_success else set()


def test_a_wheel_that_is_put_there_is_installed(
    service: ParkService, folder: Path, tmp_path: Path
) -> None:
    make_wheel(folder, "copied", "1.0", requires=["old"])
    for install in (pip_install, uv_install):
        installed = install(service.url, "/simple/", "copied", home=tmp_path, token=service.token)
        assert installed == {"copied": "1.0", "old": "1.0"}


def test_it_is_listed_with_where_it_lies(service: ParkService, folder: Path) -> None:
    make_wheel(folder, "listed", "1.0")
    found = service.request("GET", "/api/v1/index/projects").json()
    projects = {each["name"]: each for each in found}
    assert "broken" not in projects
    assert projects["listed"]["folder"] == str(folder)
    (file,) = service.request("GET", "/api/v1/index/projects/listed").json()["files"]
    assert (file["filename"], file["folder"]) == ("listed-1.0-py3-none-any.whl", str(folder))
    about = service.request("GET", "/api/v1/index/projects/listed/about").json()
    assert about["version"] == "1.0"


@pytest.mark.slow
def test_one_that_is_half_there_is_told_and_never_installed(
    service: ParkService, folder: Path, tmp_path: Path
) -> None:
    make_wheel(folder, "growing", "1.0")
    whole = make_wheel(tmp_path, "growing", "2.0")
    there = folder / whole.name
    there.write_bytes(whole.read_bytes()[:300])
    assert listed(service, "growing") == {"growing-1.0-py3-none-any.whl"}
    service.until_said(f"{there.name}, not offered here")
    installed = uv_install(service.url, "/simple/", "growing", home=tmp_path, token=service.token)
    assert installed == {"growing": "1.0"}
    shutil.copy(whole, there)
    for _ in moments():  # a page is kept for some seconds
        if listed(service, "growing") == {"growing-1.0-py3-none-any.whl", whole.name}:
            break


def test_what_is_no_wheel_is_told_at_the_start(service: ParkService, folder: Path) -> None:
    service.until_said(f"{folder}/broken-1.0-py3-none-any.whl is not offered: ")
    assert listed(service, "broken") == set()


def test_what_is_published_lies_there(service: ParkService, folder: Path, tmp_path: Path) -> None:
    files = (make_wheel(tmp_path, "tooled"), make_sdist(tmp_path, "tooled"))
    done = run(
        "twine", "upload", "--non-interactive", "--disable-progress-bar", "--repository-url",
        f"{service.url}/legacy/", "-u", LOGIN[0], "-p", service.token, *files, home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for file in files:
        assert (folder / file.name).read_bytes() == file.read_bytes()
    assert listed(service, "tooled") == {file.name for file in files}


VERSION = b"def version():\n    return '3.0'\n"


def test_an_environment_is_made_of_them(service: ParkService, folder: Path) -> None:
    make_wheel(folder, "offered", "3.0", files={"offered.py": VERSION})
    lock = service.offer("offered", "3.0")
    job = str(uuid4())
    request = {
        "id": job,
        "entry_point": "offered:version",
        "call": {"args": [], "kwargs": {}},
        "lock_hash": lock,
    }
    service.request("POST", "/api/v1/jobs", json=[request])
    assert service.result_of(job) == "3.0"


def test_pypiserver_is_watched(service: ParkService, folder: Path) -> None:
    make_wheel(folder, "watched", "1.0")
    child = next(pid for pid in children_of(service.ready["pid"]) if b"pypiserver" in words_of(pid))
    os.kill(child, signal.SIGKILL)
    service.until_said(f"ended with {-signal.SIGKILL}: started again")
    for _ in moments():
        if listed(service, "watched") == {"watched-1.0-py3-none-any.whl"}:
            break


def children_of(pid: int) -> list[int]:
    listed = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for child in " ".join(listed).split()]


def words_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    where = tmp_path / "nowhere"
    with pytest.raises(AssertionError, match=f"there is no folder '{where}'"):
        ParkService(tmp_path, "--index", f"pypiserver:{where}").start()
