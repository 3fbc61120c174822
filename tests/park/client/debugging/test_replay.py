"""What a service says of a job that is to be called here: believed as far as it can be checked."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from support.stand_ins.job_service import JobService

from park.client.debugging import replay as module
from park.client.debugging.replay import Replay, brought
from park.errors import ServiceFault, UsageError
from park.local.python_minor import python_minor

JOB = "01a2071c-2c6f-780c-a349-7e5f7c64364a"
DATA = b"measured"
SHA256 = hashlib.sha256(DATA).hexdigest()


class Lab(JobService):
    """A service that has the call of a job, and says of it what it likes."""

    def __init__(self, **said: Any) -> None:
        super().__init__()
        self.said = {
            "job": JOB, "entry_point": "light_model:fit", "lock_hash": "ab" * 32,
            "set_hash": "cd" * 32, "python": python_minor(), "call": {"args": [], "kwargs": {}},
            "inputs": [{"name": "film.txt", "sha256": SHA256}],
        } | said  # fmt: skip
        self.answers[f"/api/v1/jobs/{JOB}/replay"] = self.said
        self.sent = DATA

    def bytes(self, path: str, **_: Any) -> Any:
        class Lock:
            content = b"lock"

        assert path.startswith("/api/v1/locks/")
        return Lock()

    def download(self, path: str, target: Path) -> None:
        assert path.startswith("/api/v1/jobs/")
        target.write_bytes(self.sent)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make no environment: what is asked for is looked at first all the same."""

    def made(folder: Path, lock: str, *, python: str, address: Any) -> Path:
        del folder, address
        assert lock == "lock"
        return Path(f"/opt/python{python}")

    monkeypatch.setattr(module, "local_environment", made)


def test_the_call_and_its_files_are_as_a_job_finds_them(tmp_path: Path) -> None:
    found = brought(Lab(), JOB, tmp_path / "look")
    assert isinstance(found, Replay)
    assert (tmp_path / "look" / "inputs" / SHA256 / "film.txt").read_bytes() == DATA
    assert found.command(stop_first=False)[1] == "-I"


@pytest.mark.parametrize(
    "given",
    [
        {"name": "../../.bashrc", "sha256": SHA256},
        {"name": "/etc/passwd", "sha256": SHA256},
        {"name": "..", "sha256": SHA256},
        {"name": "film.txt", "sha256": "../../../x"},
        {"name": "film.txt", "sha256": "/home/ada"},
    ],
)
def test_no_name_of_an_input_leads_out(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(ServiceFault, match="no name of an input"):
        brought(Lab(inputs=[given]), JOB, tmp_path / "look")
    assert not (tmp_path / "look").exists()


def test_an_input_is_what_its_digest_says(tmp_path: Path) -> None:
    lab = Lab()
    lab.sent = b"something else"
    with pytest.raises(ServiceFault, match="expected content with the SHA-256"):
        brought(lab, JOB, tmp_path / "look")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(UsageError, match="is not empty"):
        brought(Lab(), JOB, tmp_path)
