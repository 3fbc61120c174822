"""Releases that the service's index has no wheel of: what is installed here is sent."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.material.projects import flit_project as pyproject
from support.material.projects import write_tree
from support.material.wheels import make_wheel
from support.services.park_client import Client, make_virtualenv, uv_install
from support.session.slow_cases import slow_after

if TYPE_CHECKING:
    from support.services.park_service import ParkService

pytestmark = pytest.mark.slow

MODEL = """
import importlib.metadata


def parsed(text):
    import docopt

    return docopt.docopt("usage: fit <file>", argv=[text])["<file>"]


def accelerated():
    import accellib

    return [accellib.SPEED, importlib.metadata.version("accellib").partition(".t")[0]]
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a virtualenv with a project that has only source, and one of another index."""
    folder = tmp_path_factory.mktemp("lacking")
    (folder / "links").mkdir()
    make_wheel(folder / "links", "accellib", "2.1+cpu", files={"accellib.py": b"SPEED = 7\n"})
    requires = ("docopt==0.6.2", "accellib==2.1+cpu")
    model = write_tree(
        folder / "speedy",
        {"pyproject.toml": pyproject("speedy", *requires), "speedy.py": MODEL},
    )
    python = make_virtualenv(folder / "venv", "docopt==0.6.2")
    uv_install(python, "accellib==2.1+cpu", options=("--find-links", str(folder / "links")))
    uv_install(python, model, options=("--no-deps",))
    return python


@pytest.fixture
def client(python: Path, tmp_path: Path, client_cache: Path, service: ParkService) -> Client:
    return Client.of(python, tmp_path / "client", cache=client_cache, service=service)


def test_what_the_index_has_no_wheel_of_is_sent_from_here(client: Client) -> None:
    done = client.run("run", "speedy:parsed", "-a", 'text="film.txt"')
    assert "docopt is sent from here: the service's index has no wheel of" in done.stderr
    assert '"film.txt"' in done.stdout
    assert client.call("speedy:accelerated") == [7, "2.1+cpu"]
    # asked once, and found again: nothing is made or sent a second time
    outcome = client.json("install", "speedy")
    assert (outcome["built"], outcome["uploaded"], outcome["realised"]) == ([], [], False)
    (version,) = client.json("versions", "speedy")
    assert version["matches_local"] is True


def test_a_wheel_that_was_rebuilt_is_one_that_installers_take(
    client: Client, tmp_path: Path
) -> None:
    client.run("install", "speedy")
    wheels = [*client.cache.glob("wheels-v1/*/docopt/*/*.whl")]
    wheels += client.cache.glob("wheels-v1/*/accellib/*/*.whl")
    assert len(wheels) == 2
    check = [sys.executable, "-m", "twine", "check", *map(str, wheels)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    target = tmp_path / "target"
    install = ["-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([sys.executable, *install, *map(str, wheels)], check=True, capture_output=True)
    assert (target / "docopt.py").exists()
    members = [name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()]
    of_the_installer = {"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
    assert of_the_installer.isdisjoint(name.rpartition("/")[2] for name in members)


def test_what_cannot_be_sent_leads_on(client: Client, tmp_path: Path) -> None:
    site = next(client.python.parents[1].glob("lib/*/site-packages"))
    record = next(site.glob("accellib-*.dist-info/RECORD"))
    text = record.read_text()
    record.unlink()
    empty = str(tmp_path / "empty")
    try:
        other = client.with_variables(
            PARK_CACHE_DIR=str(tmp_path / "cache"), PIP_CACHE_DIR=empty, UV_CACHE_DIR=empty
        )
        message = other.error("install", "speedy", status=5)
    finally:
        record.write_text(text)
    assert "the service's index does not have accellib 2.1+cpu" in message
    assert "twine upload" in message
    assert "--allow-builds" in message


@pytest.mark.parametrize("lost", slow_after(1, ["RECORD", "module"]))
def test_what_is_not_whole_here_is_taken_from_the_caches_of_installers(
    lost: str, tmp_path: Path, service: ParkService
) -> None:
    caches = {"PIP_CACHE_DIR": str(tmp_path / "pip"), "UV_CACHE_DIR": str(tmp_path / "uv")}
    make_wheel(tmp_path / "links", "accellib", "2.1+cpu", files={"accellib.py": b"SPEED = 7\n"})
    python = make_virtualenv(tmp_path / "venv")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--find-links", str(tmp_path / "links")]
    environ = {**os.environ, **caches}
    subprocess.run([*pip, "docopt==0.6.2"], check=True, env=environ, capture_output=True)
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
    links = ["--find-links", str(tmp_path / "links")]
    subprocess.run([*uv, *links, "accellib==2.1+cpu"], check=True, env=environ, capture_output=True)
    model = write_tree(
        tmp_path / "speedy",
        {
            "pyproject.toml": pyproject("speedy", "docopt==0.6.2", "accellib==2.1+cpu"),
            "speedy.py": MODEL,
        },
    )
    uv_install(python, model, options=("--no-deps",))
    first = Client.of(python, tmp_path / "whole", cache=tmp_path / "cache", service=service)
    whole = first.json("install", "speedy")["set_hash"]
    site = next(python.parents[1].glob("lib/*/site-packages"))
    for name in ("docopt", "accellib"):
        gone = f"{name}-*.dist-info/RECORD" if lost == "RECORD" else f"{name}.py"
        next(site.glob(gone)).unlink()
    client = Client.of(
        python, tmp_path / "broken", cache=tmp_path / "another", service=service
    ).with_variables(**caches)
    # the same content is the same version: nothing is sent anew
    outcome = client.json("install", "speedy")
    assert outcome["set_hash"] == whole
    assert outcome["uploaded"] == []
    assert client.call("speedy:accelerated") == [7, "2.1+cpu"]
    assert client.call("speedy:parsed", text="film.txt") == "film.txt"
