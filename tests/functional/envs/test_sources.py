"""A tree whose wheel is bound to the platform of here, on a service of another."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from support.material.projects import copy_package
from support.services.park_client import Client, make_virtualenv
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

MAC = {"COMPILED_MODEL_PLATFORM": "macosx_11_0_arm64"}
"""Variables under which the model's own backend makes wheels for another platform."""


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    with ParkService(tmp_path_factory.mktemp("builder"), "--allow-builds") as running:
        yield running


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    with ParkService(tmp_path_factory.mktemp("plain")) as running:
        yield running


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_virtualenv(tmp_path_factory.mktemp("client") / "venv")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_package("compiled-model", tmp_path)


def on(service: ParkService, python: Path, folder: Path, cache: Path) -> Client:
    return Client.of(python, folder, cache=cache, service=service)


def test_the_service_builds_its_source_and_runs_it(
    builder: ParkService, python: Path, root: Path, cache: Path, tmp_path: Path
) -> None:
    client = on(builder, python, tmp_path / "client", cache).with_variables(**MAC)
    (root / "src/compiled_model/_film.c").write_text(
        (root / "src/compiled_model/_film.c").read_text().replace("250", "251")
    )
    outcome = client.json("install", str(root))
    assert re.fullmatch(r"compiled_model-0\.2\+t\w+-.*-macosx_11_0_arm64\.whl", outcome["built"][0])
    assert outcome["uploaded"] == [f"compiled_model-{outcome['version']}.tar.gz"]
    call = ("compiled_model:seen", "--lock", outcome["lock_hash"])
    assert client.call(*call) == {"thickness": 251, "platform": "Linux"}

    again = client.json("install", str(root))
    assert (again["built"], again["uploaded"], again["realised"]) == ([], [], False)
    assert again["lock_hash"] == outcome["lock_hash"]
    (name,) = (p.name for p in builder.home.glob("**/compiled_model-*.whl"))
    assert re.search(r"\+t\w+-0b[0-9a-f]{8}-cp3\d+-cp3\d+-linux_\w+\.whl$", name)
    assert list((builder.home / "builds").iterdir()) == []


def test_a_native_wheel_is_sent_as_it_is(
    plain: ParkService, python: Path, root: Path, cache: Path, tmp_path: Path
) -> None:
    client = on(plain, python, tmp_path / "client", cache)
    outcome = client.json("install", str(root))
    assert outcome["uploaded"] == outcome["built"]
    assert "-linux_" in outcome["uploaded"][0]
    assert client.call("compiled_model:seen", "--lock", outcome["lock_hash"])["thickness"] == 250


def test_the_error_says_that_the_service_does_not_build(
    plain: ParkService, python: Path, root: Path, tmp_path: Path
) -> None:
    client = on(plain, python, tmp_path / "client", tmp_path / "cache").with_variables(**MAC)
    message = client.error("install", str(root), status=5)
    assert re.match(
        r"the wheel of compiled-model==0\.2\+t\w+ is for macosx_11_0_arm64; "
        r"the service runs \w*linux\w+, and builds nothing itself\n",
        message,
    )
    assert "hint: ask its operator for --allow-builds" in message


def test_a_wheel_by_path_for_another_platform_has_no_source(
    builder: ParkService, python: Path, root: Path, tmp_path: Path
) -> None:
    client = on(builder, python, tmp_path / "client", tmp_path / "cache").with_variables(**MAC)
    client.run("build", str(root), "--output", str(tmp_path / "dist"))
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        assert any("_film" in name for name in archive.namelist())
    message = client.error("install", str(wheel), status=5)
    assert f"and the file {wheel} is no source that it could build" in message


def test_a_build_that_fails_there_shows_the_backends_last_lines(
    builder: ParkService, python: Path, root: Path, tmp_path: Path
) -> None:
    client = on(builder, python, tmp_path / "client", tmp_path / "cache").with_variables(**MAC)
    backend = (root / "backend.py").read_text()
    only_there = "    if not platform:\n        raise RuntimeError('no FORTRAN compiler')\n"
    (root / "backend.py").write_text(
        backend.replace("    if platform:\n", f"{only_there}    if platform:\n")
    )
    message = client.error("install", str(root), status=5, quotes_traceback=True)
    assert "could not build the wheel" in message
    assert "RuntimeError: no FORTRAN compiler" in message


SNOOP = """
    found = {name: value for name, value in os.environ.items() if "park_" in value or "@" in value}
    try:
        open(os.environ["HOME"] + "/../../../token", "a").close()
        found["written"] = "the token"
    except OSError as error:
        found["error"] = error.strerror
    raise RuntimeError(f"snooped: {found}")
"""


def test_a_build_sees_no_credentials_and_cannot_write_to_the_service(
    builder: ParkService, python: Path, root: Path, tmp_path: Path
) -> None:
    client = on(builder, python, tmp_path / "client", tmp_path / "cache").with_variables(**MAC)
    backend = (root / "backend.py").read_text()
    (root / "backend.py").write_text(
        backend.replace(
            "    if platform:\n",
            f"    if not platform:{SNOOP.replace('    ', '        ')}    if platform:\n",
            1,
        )
    )
    message = client.error("install", str(root), status=5, quotes_traceback=True)
    assert "snooped: {'error': 'Read-only file system'}" in message
