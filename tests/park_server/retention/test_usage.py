"""What a home takes, part by part: each file once, links and deep folders included."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.labs.retention_lab import retention_of
from support.labs.schedule_lab import USER, lab, run

from park.model.ids import JobId
from park_server.home import Home
from park_server.retention.sizes_on_disk import size_below
from park_server.retention.usage import parts_of


def prepared(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_each_part_is_measured_and_a_link_counts_once(tmp_path: Path) -> None:
    home = prepared(tmp_path)
    kept = home.files / "ab"
    kept.mkdir(parents=True)
    (kept / "one").write_bytes(b"x" * 100_000)
    work = home.jobs / "j" / "work"
    work.mkdir(parents=True)
    os.link(kept / "one", work / "same")
    (work / "elsewhere").symlink_to("/etc/passwd")
    parts = {part.name: part for part in parts_of(home)}
    assert parts["files"].files == 1
    assert parts["files"].size_bytes >= 100_000
    assert (parts["jobs"].files, parts["jobs"].size_bytes) == (0, 0)


def test_the_parts_are_all_that_a_walk_over_the_home_finds(tmp_path: Path) -> None:
    home = prepared(tmp_path)
    for name in (
        "files/ab/x",
        "files/quarantine/x",
        "index/files/ab/x",
        "index/quarantine/a/x",
        "jobs/.unknown/x/stdout",
    ):
        path = home.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 5_000)
    more = ("ballast", "jobs/j/stdout", "runtime/v/x", "store/v1/x", "park.sqlite")
    for name in (*more, "park.sqlite-wal"):
        path = home.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 9_000)
    os.sync()  # the file system has decided how many blocks that takes
    parts = {part.name: part for part in parts_of(home)}
    assert parts["quarantine"].files == 3
    assert parts["index"].files == parts["files"].files == parts["ballast"].files == 1
    assert parts["database"].files == 2
    walked = subprocess.run(
        ["find", home.path, "-type", "f"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert sum(part.files for part in parts.values()) == len(walked)
    assert sum(part.size_bytes for part in parts.values()) == size_below(home.path)


def test_deep_folders_are_measured(tmp_path: Path) -> None:
    home = prepared(tmp_path)
    at = os.open(home.jobs, os.O_RDONLY)
    try:
        for _ in range(1_000):
            os.mkdir("d", dir_fd=at)
            below = os.open("d", os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
    finally:
        os.close(at)
    assert {part.name for part in parts_of(home)} >= {"jobs", "database", "store"}
    subprocess.run(["rm", "-rf", home.jobs], check=True)  # too deep for what tidies up after tests


def test_what_jobs_take_is_told_by_kind_and_against_the_quota(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as one:
            await one.submit("a", arguments={"text": "x" * 2_000})
            order = await one.started()
            (order.directory / "work").mkdir(exist_ok=True)
            (order.directory / "work" / "left").write_bytes(b"x" * 100_000)
            (order.directory / "stdout").write_bytes(b"x" * 50_000)
            one.complete(order, "y" * 3_000)
            await one.final("a")
            one.folders.close()
            retention = retention_of(one, tmp_path, jobs_quota_bytes=1 << 30)
            await retention.pin(JobId("a"), USER)
            record = await retention.usage()
            assert (record.jobs, record.pinned) == (1, 1)
            share = {each.name: each for each in record.shares}["jobs"]
            assert share.quota_bytes == 1 << 30
            assert 2_000 < share.kinds["calls"] < 2_100
            assert 3_000 < share.kinds["results"] < 3_100
            assert 50_000 < share.kinds["logs"] < 60_000
            assert 100_000 < share.kinds["files"] < 110_000
            assert share.size_bytes == sum(share.kinds.values())
            assert {each.name for each in record.shares} == {"environments", "jobs", "trees"}
            assert record.free_bytes > 0

    run(test)
