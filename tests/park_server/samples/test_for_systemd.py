"""The unit is one that systemd takes, and starts what there is."""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from park_server.command import configure
from park_server.samples.printed import sample

if TYPE_CHECKING:
    from pathlib import Path

ANALYZE = shutil.which("systemd-analyze")


UNITS = ("systemd", "systemd-user")


def commands(name: str) -> dict[str, str]:
    """Return what a unit says, by key; continued lines are one."""
    text = sample(name).replace("\\\n", " ")
    pairs = [line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#"]
    return {key: value for key, value in pairs}  # noqa: C416 (lists of two)


@pytest.mark.parametrize("name", UNITS)
def test_it_starts_a_service_with_options_that_there_are(name: str) -> None:
    program, command, *options = shlex.split(commands(name)["ExecStart"])
    assert (program.rpartition("/")[2], command) == ("park", "serve")
    parser = argparse.ArgumentParser()
    configure(parser)
    found = parser.parse_args(options)
    homes = {"systemd": "/var/lib/park", "systemd-user": "%h/park-service"}
    assert str(found.home) == homes[name]


@pytest.mark.parametrize("name", UNITS)
def test_jobs_outlive_it_and_it_tells_when_it_serves(name: str) -> None:
    said = commands(name)
    assert said["KillMode"] == "process"
    assert said["Type"] == "notify"
    assert said["ExecReload"].endswith("kill -HUP $MAINPID")


@pytest.mark.where_possible
@pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze on this machine")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path, name: str) -> None:
    unit = tmp_path / "park.service"
    text = sample(name).replace("User=park\n", "")
    for program in ("/opt/park/bin/park", "%h/.local/bin/park"):
        text = text.replace(program, "/bin/true")
    unit.write_text(text)
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
