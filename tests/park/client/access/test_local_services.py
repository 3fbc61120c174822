"""Services that run here: their notes, and whose notes they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from park.client.access.address import find_service
from park.client.access.local_services import RunningService, announce, running_services, withdraw
from park.errors import UsageError


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    for variable in ("PARK_TOKEN", "PARK_SERVICE"):
        monkeypatch.delenv(variable, raising=False)


def announced(tmp_path: Path, url: str, pid: int) -> Path:
    token = tmp_path / f"token-{pid}"
    token.write_text("secret\n")
    announce(RunningService(url=url, pid=pid, token_file=str(token)))
    return token


def test_the_only_running_service_needs_no_name(tmp_path: Path) -> None:
    import os

    announced(tmp_path, "http://127.0.0.1:1", os.getpid())
    address = find_service()
    assert (address.url, address.token, address.name) == ("http://127.0.0.1:1", "secret", None)
    assert "secret" not in repr(address)
    withdraw("http://127.0.0.1:1")
    assert running_services() == []


def test_a_note_is_not_taken_for_a_later_process_with_its_number(tmp_path: Path) -> None:
    import json
    import os

    announced(tmp_path, "http://127.0.0.1:1", os.getpid())
    (note,) = (tmp_path / "state" / "services").iterdir()
    document = json.loads(note.read_text())
    document["process"]["started"] -= 1
    note.write_text(json.dumps(document))
    assert running_services() == []
    assert not note.exists()


def test_a_dead_services_note_is_passed_over(tmp_path: Path) -> None:
    import subprocess
    import sys

    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    announced(tmp_path, "http://127.0.0.1:1", child.pid)
    with pytest.raises(UsageError, match="none runs on this machine"):
        find_service()
