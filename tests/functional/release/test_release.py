"""What is published is whole, the same each time, and runs where it is installed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import uv
from support.services.park_client import REPOSITORY
from support.session.limits import LIMIT_S

import park

pytestmark = pytest.mark.slow

SOURCES = ("park_dist", "server", "repo")
NOW = "1700000000"


def built(folder: Path) -> dict[str, Path]:
    """Build the sdist, and of it the wheel, as `scripts/release` does; return them by ending."""
    subprocess.run(
        [uv.find_uv_bin(), "build", "-q", "--out-dir", folder, REPOSITORY],
        env=os.environ | {"SOURCE_DATE_EPOCH": NOW}, check=True, timeout=LIMIT_S,
    )  # fmt: skip
    return {path.suffix: path for path in folder.glob("park_dist-*")}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return built(tmp_path_factory.mktemp("release"))


def test_two_builds_of_a_commit_are_the_same(release: dict[str, Path], tmp_path: Path) -> None:
    again = built(tmp_path)
    assert {path.name for path in release.values()} == {
        f"park_dist-{park.__version__}-py3-none-any.whl",
        f"park_dist-{park.__version__}.tar.gz",
    }
    for ending, path in release.items():
        assert path.read_bytes() == again[ending].read_bytes()


def test_the_wheel_has_every_file_of_the_sources(release: dict[str, Path]) -> None:
    with zipfile.ZipFile(release[".whl"]) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    here = {
        path.relative_to(REPOSITORY / source).as_posix()
        for source in SOURCES
        for path in (REPOSITORY / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == here


def test_the_wheel_says_what_is_in_it_of_others(release: dict[str, Path]) -> None:
    with zipfile.ZipFile(release[".whl"]) as wheel:
        name = f"park_dist-{park.__version__}.dist-info/sboms/park-dist.cdx.json"
        bill = json.loads(wheel.read(name))
        listed = {
            part["name"]: part["hashes"][0]["content"]
            for library in bill["components"]
            for part in library["components"]
        }
        found = {path: hashlib.sha256(wheel.read(path)).hexdigest() for path in listed}
        vendored = {name for name in wheel.namelist() if "/static/vendor/" in name}
    assert found == listed
    assert vendored - listed.keys() == {"park_server/page/static/vendor/vendored.json"}
    assert bill["metadata"]["component"]["version"] == park.__version__


def test_the_sdist_has_what_its_tests_need(release: dict[str, Path]) -> None:
    with tarfile.open(release[".gz"]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for name in ("scripts/test", "tests/conftest.py", "docs/index.md", "README.md", "LICENSE"):
        assert name in names


def test_its_page_on_an_index_can_be_shown(release: dict[str, Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *release.values()],
        capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_it_runs_where_it_is_installed(release: dict[str, Path]) -> None:
    install = f"{uv.find_uv_bin()} pip install -q --python client/bin/python"
    done = subprocess.run(
        [REPOSITORY / "scripts" / "try_release", sys.executable, release[".whl"]],
        env=os.environ | {"INSTALL": install}, capture_output=True, text=True, check=False,
        timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "installed, and serves" in done.stdout
