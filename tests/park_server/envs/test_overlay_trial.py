"""`park_server.envs.overlay_trial`: what a service finds out at its start."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from park_server.envs import overlay_trial
from park_server.envs.environment import Layout

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_where_no_interpreter_can_try_it_is_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/absent/python")
    layout, why = overlay_trial.permitted_layout(tmp_path)
    assert layout is Layout.HARD_LINKS
    assert "/absent/python" in str(why)
    assert list(tmp_path.iterdir()) == []


def test_where_mounts_fail_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay_trial, "ANCHORS", "elsewhere")  # so the layers are not there
    layout, why = overlay_trial.permitted_layout(tmp_path)
    assert layout is Layout.HARD_LINKS
    assert "mount" in str(why)
    assert str(tmp_path) not in str(why).partition(":")[0]


def test_a_mount_that_shows_nothing_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay_trial, "VIEW", "elsewhere")  # so nothing is mounted
    assert overlay_trial.permitted_layout(tmp_path) == (
        Layout.HARD_LINKS,
        "the overlay does not show what is in its layers",
    )
