"""``park index copy``: a release that one service has, carried over to another, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.index_tools import pip_install, upload
from support.material.wheels import make_sdist, make_wheel
from support.services.park_client import Client
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    with ParkService(tmp_path_factory.mktemp("lab"), "--upstream", "none") as running:
        yield running


@pytest.fixture(scope="module")
def sns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    with ParkService(tmp_path_factory.mktemp("sns"), "--upstream", "none") as running:
        yield running


@pytest.fixture
def client(
    light_python: Path, tmp_path: Path, client_cache: Path, lab: ParkService, sns: ParkService
) -> Client:
    client = Client.of(light_python, tmp_path / "client", cache=client_cache, service=sns)
    for name, service in (("lab", lab), ("sns", sns)):
        token = str(service.home / "token")
        client.run("service", "add", name, service.url, "--token-file", token)
    return client


def test_the_wheels_of_a_release_are_carried_over(
    client: Client, lab: ParkService, sns: ParkService, tmp_path: Path
) -> None:
    for version in ("1.4", "1.5"):
        upload(lab.url, make_wheel(tmp_path, "mymodel", version), lab.token)
    upload(lab.url, make_sdist(tmp_path, "mymodel", "1.4"), lab.token)
    done = client.run("index", "copy", "MyModel==1.4", "--from", "lab", "--to", "sns")
    assert done.stdout.startswith("copied mymodel-1.4-py3-none-any.whl sha256 ")
    assert pip_install(sns.url, "/simple/", "mymodel==1.4", home=tmp_path, token=sns.token) == {
        "mymodel": "1.4"
    }
    (again,) = client.json("index", "copy", "mymodel==1.4", "--from", "lab", "-s", "sns")
    assert again["is_new"] is False
    (there,) = client.json("index", "list", "mymodel", "-s", "sns")["files"]
    assert (there["version"], there["sha256"]) == ("1.4", again["sha256"])


def test_what_cannot_be_carried_over_is_said(
    client: Client, lab: ParkService, sns: ParkService, tmp_path: Path
) -> None:
    copy = ("index", "copy")
    message = client.error(*copy, "nothing==1", "--from", "lab", "--to", "sns", status=2)
    assert f"the index of {lab.url} has no wheel of nothing==1" in message
    message = client.error(*copy, "nothing", "--from", "lab", "--to", "sns", status=2)
    assert "'nothing' is not of the form PROJECT==VERSION" in message
    message = client.error(*copy, "nothing==1", "--from", "lab", "--to", "lab", status=2)
    assert "is both where nothing==1 is from and where it is to go" in message
    upload(lab.url, make_wheel(tmp_path / "a", "other", "1", files={"other.py": b"1"}), lab.token)
    upload(sns.url, make_wheel(tmp_path / "b", "other", "1", files={"other.py": b"2"}), sns.token)
    message = client.error(*copy, "other==1", "--from", "lab", "--to", "sns", status=5)
    assert "is here already with other bytes" in message


def test_a_file_that_was_changed_on_its_way_is_not_published(
    client: Client, lab: ParkService, tmp_path: Path
) -> None:
    upload(lab.url, make_wheel(tmp_path, "damaged", "1"), lab.token)
    (file,) = lab.home.glob("index/files/*/*/damaged-1-*.whl")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    done = client.run("index", "copy", "damaged==1", "--from", "lab", "--to", "sns", status=2)
    assert "damaged" in done.stderr
    client.error("index", "list", "damaged", "-s", "sns", status=2)
