"""`park_server.envs.overlay_trial`: what a service finds out at its start."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from park_server.envs import overlay_trial
from park_server.envs.environment import Layout

if TYPE_CHECKING:
    from pathlib import Path


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


_TRY = """
import pathlib, sys
from park_server.envs.overlay_trial import permitted_layout
print(*permitted_layout(pathlib.Path(sys.argv[1])), sep="\\n")
"""
# as in a container: no capability to mount, and no user namespace that would bring one
_CONTAINED = """
echo 0 > /proc/sys/user/max_user_namespaces
exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$@"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up what a container lacks")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is of util-linux")
@pytest.mark.where_possible
def test_a_container_that_may_mount_nothing_gets_hard_links(tmp_path: Path) -> None:
    apart = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine permits no user namespace to try it in")
    command = [*apart, "sh", "-c", _CONTAINED, "sh", sys.executable, "-c", _TRY, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    layout, why = done.stdout.splitlines()
    assert layout == Layout.HARD_LINKS
    assert "permits no mount namespace" in why or "not permitted" in why
    assert list(tmp_path.iterdir()) == []


def test_a_mount_that_shows_nothing_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay_trial, "VIEW", "elsewhere")  # so nothing is mounted
    assert overlay_trial.permitted_layout(tmp_path) == (
        Layout.HARD_LINKS,
        "the overlay does not show what is in its layers",
    )


def test_a_file_system_without_hard_links_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert overlay_trial.no_links(tmp_path) is None

    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "link", refuse)
    why = f"the file system of {tmp_path} takes no hard links (Operation not supported)"
    assert overlay_trial.no_links(tmp_path) == why
    assert list(tmp_path.iterdir()) == []
