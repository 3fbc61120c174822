from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from park.agent.places import agent_folder, claimed, socket_in
from park.errors import NotPermitted


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("PARK_STATE_DIR", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)


def test_the_folder_is_that_of_the_session_or_of_the_user_s_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/h")
    assert "h" in agent_folder().parts
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/none")  # it may be said, and not be there
    assert "h" in agent_folder().parts
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/usr")
    assert agent_folder() == Path("/usr/park-agent")
    monkeypatch.setenv("PARK_STATE_DIR", "/s")
    assert agent_folder() == Path("/s/agent")
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / ("x" * 100)))
    assert len(os.fsencode(socket_in(agent_folder()))) <= 104
    assert agent_folder() == agent_folder()


def test_it_is_made_for_its_user_alone(tmp_path: Path) -> None:
    folder = claimed(tmp_path / "a" / "agent")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o777)
    assert stat.S_IMODE(claimed(folder).stat().st_mode) == 0o700


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "agent").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotPermitted, match="is no folder of yours"):
        claimed(tmp_path / "agent")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder away")
def test_so_is_the_folder_of_another_user(tmp_path: Path) -> None:
    folder = claimed(tmp_path / "agent")
    os.chown(folder, 65534, 65534)
    with pytest.raises(NotPermitted, match="is no folder of yours") as caught:
        claimed(folder)
    assert "PARK_STATE_DIR" in str(caught.value.hint)
