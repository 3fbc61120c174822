"""`park_server.jobs.engines.control_groups`, on trees like those of both versions."""

from __future__ import annotations

import logging
import os
import subprocess
from pathlib import Path

import pytest

from park_server.jobs.engines.control_groups import (
    ControlGroups,
    almost_all_memory,
    end_before_others,
    found_groups,
)


def tree(folder: Path, version: int) -> ControlGroups:
    """Return what is found where this process is in the group ``own``."""
    lines = {1: "8:pids:/own\n7:cpu,cpuacct:/\n4:memory:/own\n0::/\n", 2: "0::/own\n"}
    places = {1: ["pids/own", "memory/own", "cpu"], 2: ["own"]}
    for place in places[version]:
        (folder / place).mkdir(parents=True)
        (folder / place / "cgroup.procs").touch()
    if version == 2:
        (folder / "own" / "cgroup.subtree_control").write_text("cpu pids\n")
    (folder / "self").write_text(lines[version])
    return found_groups(folder, folder / "self")


@pytest.mark.parametrize(
    ("version", "kinds", "pids"),
    [(1, {"pids", "memory", "cpu"}, "pids/own"), (2, {"pids", "cpu"}, "own")],
)
def test_a_fork_server_is_taken_into_a_group_with_limits(
    version: int, kinds: set[str], pids: str, tmp_path: Path
) -> None:
    groups = tree(tmp_path, version)
    assert groups.version == version
    assert groups.limited == kinds
    groups.take_in(4711, "park-one", {"pids": 300})
    group = tmp_path / pids / "park-one"
    assert (group / "pids.max").read_text() == "300\n"
    assert (group / "cgroup.procs").read_text() == "4711\n"
    assert not (tmp_path / "memory" / "own" / "park-one").exists()
    for file in group.iterdir():  # as the kernel's own go with their folder
        file.unlink()
    groups.remove("park-one")
    assert not group.exists()


def test_memory_has_another_name_in_each_version(tmp_path: Path) -> None:
    groups = tree(tmp_path, 1)
    groups.take_in(1, "park-one", {"memory": 1 << 30})
    limit = tmp_path / "memory" / "own" / "park-one" / "memory.limit_in_bytes"
    assert limit.read_text() == f"{1 << 30}\n"


@pytest.mark.parametrize(
    ("version", "file"), [(1, "cpu/park-one/cpu.cfs_quota_us"), (2, "own/park-one/cpu.max")]
)
def test_processors_are_a_part_of_the_kernels_period(
    version: int, file: str, tmp_path: Path
) -> None:
    tree(tmp_path, version).take_in(1, "park-one", {"cpu": 3})
    assert (tmp_path / file).read_text() == "300000\n"


def test_a_group_that_still_has_processes_stays(tmp_path: Path) -> None:
    groups = tree(tmp_path, 2)
    groups.take_in(1, "park-one", {"pids": 3})
    groups.remove("park-one")
    assert (tmp_path / "own" / "park-one").exists()


def test_groups_without_processes_are_swept(tmp_path: Path) -> None:
    groups = tree(tmp_path, 1)
    for name in ("park-empty", "park-used", "others"):
        (tmp_path / "pids" / "own" / name).mkdir()
    (tmp_path / "pids" / "own" / "park-used" / "cgroup.procs").touch()
    groups.sweep()
    assert sorted(path.name for path in (tmp_path / "pids" / "own").iterdir() if path.is_dir()) == [
        "others",
        "park-used",
    ]


@pytest.mark.parametrize("lines", ["", "0::/elsewhere\n", "8:pids:/elsewhere\n"])
def test_where_none_can_be_made_there_is_no_limit(lines: str, tmp_path: Path) -> None:
    (tmp_path / "self").write_text(lines)
    assert found_groups(tmp_path, tmp_path / "self").limited == frozenset()
    assert found_groups(tmp_path, tmp_path / "absent").limited == frozenset()
    found_groups(tmp_path, tmp_path / "absent").take_in(1, "park-one", {"pids": 3})


def test_what_cannot_be_done_is_a_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    groups = tree(tmp_path, 2)
    os.rename(tmp_path / "own", tmp_path / "gone")  # noqa: PTH104 (its parent is a file then)
    (tmp_path / "own").touch()
    with caplog.at_level(logging.WARNING):
        groups.take_in(1, "park-one", {"pids": 3})
    assert "jobs have no limit of pids" in caplog.text


@pytest.mark.parametrize(
    ("version", "place", "file"),
    [(1, "memory/own", "memory.oom_control"), (2, "own", "memory.events")],
)
def test_what_the_kernel_ended_for_want_of_memory_is_counted(
    version: int, place: str, file: str, tmp_path: Path
) -> None:
    groups = tree(tmp_path, version)
    if version == 2:
        (tmp_path / "own" / "cgroup.subtree_control").write_text("memory pids\n")
        groups = found_groups(tmp_path, tmp_path / "self")
    assert groups.ended_for_memory("park-one") == 0
    (tmp_path / place / "park-one").mkdir()
    (tmp_path / place / "park-one" / file).write_text("under_oom 0\noom_kill 3\n")
    assert groups.ended_for_memory("park-one") == 3


def test_jobs_may_not_have_all_memory() -> None:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert whole // 2 <= almost_all_memory() < whole


@pytest.mark.parametrize(
    ("available", "twentieths"),
    [("all", 19), (0.8, 15), (0.3, 10), ("unknown", 19), ("odd", 19)],
)
def test_jobs_have_what_is_available_and_at_least_half(
    available: float | str, twentieths: int, tmp_path: Path
) -> None:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    told = tmp_path / "meminfo"
    share = 1 if available == "all" else available
    if isinstance(share, float | int):
        told.write_text(f"MemTotal: 1 kB\nMemAvailable: {int(whole * share) // 1024} kB\n")
    elif available == "odd":
        told.write_text("MemAvailable: much\n")
    assert almost_all_memory(told) == pytest.approx(whole * twentieths / 20, rel=0.001)


def test_what_a_process_starts_is_ended_before_others() -> None:
    own = Path("/proc/self/oom_score_adj").read_text()
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            end_before_others(process.pid)
            found = Path(f"/proc/{process.pid}/oom_score_adj").read_text()
        finally:
            process.kill()
    assert (int(found), Path("/proc/self/oom_score_adj").read_text()) == (500, own)
    end_before_others(process.pid)  # which has ended
