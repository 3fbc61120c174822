"""A service for the tests of one's own code: the fixture ``park_service`` in a real pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.services.park_service import own_environ
from support.session.limits import LIMIT_S

from park.errors import CannotSatisfy
from park.testing import throwaway_service

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

MODEL = """
import threading

def doubled(x):
    return 2 * x

def endless():
    threading.Event().wait()
"""

PROJECT = """
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"

[project]
name = "lab_model"
version = "1.0"
description = "A model of a lab."
"""

TESTS = """
import json, os, park, pytest, time
import lab_model

def test_a_job_has_its_value(park_service):
    assert park_service.submit(lab_model.doubled, 21).result() == 42

def test_the_code_that_is_tested_finds_it(park_service):
    for service in (park.remote_service(), park.remote_service("compufans")):
        assert service.url == park_service.url
    assert os.environ["PARK_AGENT"] == "off"

def test_what_runs_at_the_end_is_ended(park_service):
    job = park_service.submit(lab_model.endless)
    while not (found := park_service.job_records(status="running")) or not found[0].pid:
        time.sleep(0.05)
    with open("running.json", "w") as file:
        json.dump({"pid": found[0].pid}, file)
"""

SETTINGS = """
[pytest]
park_service_names = compufans sns
park_serve_options = --slots 1 --upstream none
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project as a user has it, with tests beside its module."""
    folder = tmp_path / "lab_model"
    folder.mkdir()
    (folder / "lab_model.py").write_text(MODEL)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "pytest.ini").write_text(SETTINGS)
    (folder / "test_lab_model.py").write_text(TESTS)
    return folder


def test_users_tests_have_a_service_of_their_own(project: Path, tmp_path: Path) -> None:
    environ = own_environ(
        PYTHONPATH=project, PARK_SERVICE="https://the-real-one.example", PARK_TOKEN="secret",
        PARK_STATE_DIR=tmp_path / "state", PARK_CONFIG=tmp_path / "park.toml",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--basetemp", tmp_path / "base"],
        cwd=project, env=environ, capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    running = json.loads((project / "running.json").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(running["pid"], 0)
    assert not (tmp_path / "state").exists()  # nothing was announced to this user's programs
    assert list((tmp_path / "base").glob("park*/*")) == []


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotSatisfy, match="--slots 0: a service needs at least one") as refused,
        throwaway_service(tmp_path / "service", options=["--slots", "0"]),
    ):
        pass
    assert refused.value.hint is None  # what it says has its own, and this is no missing package


def test_the_environment_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_SERVICE", "lab")
    before = dict(os.environ)
    with throwaway_service(tmp_path / "service", options=["--upstream", "none"]) as service:
        assert os.environ.get("PARK_SERVICE") is None
        assert service.jobs() == []
    assert dict(os.environ) == before
    assert not (tmp_path / "service").exists()
