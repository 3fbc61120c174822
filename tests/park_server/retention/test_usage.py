"""What a home takes, part by part: each file once, links and deep folders included."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from park_server.home import Home
from park_server.retention.usage import usage_of


def test_each_part_is_measured_and_a_link_counts_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    kept = home.files / "ab"
    kept.mkdir(parents=True)
    (kept / "one").write_bytes(b"x" * 100_000)
    work = home.jobs / "j" / "work"
    work.mkdir(parents=True)
    os.link(kept / "one", work / "same")
    (work / "elsewhere").symlink_to("/etc/passwd")
    record = usage_of(home, 1)
    parts = {part.name: part for part in record.parts}
    assert parts["files"].files == 1
    assert parts["files"].size_bytes >= 100_000
    assert (parts["jobs"].files, parts["jobs"].size_bytes) == (0, 0)
    assert record.jobs == 1
    assert record.free_bytes > 0


def test_deep_folders_are_measured(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    at = os.open(home.jobs, os.O_RDONLY)
    try:
        for _ in range(1_000):
            os.mkdir("d", dir_fd=at)
            below = os.open("d", os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
    finally:
        os.close(at)
    assert {part.name for part in usage_of(home, 0).parts} >= {"jobs", "database", "store"}
    subprocess.run(["rm", "-rf", home.jobs], check=True)  # too deep for what tidies up after tests
