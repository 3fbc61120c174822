from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from park.model.memo.usage import Usage
from park_server.used import outside as module
from park_server.used.outside import Outside, by_rule

if TYPE_CHECKING:
    from pathlib import Path


def usage(outside: Outside, *paths: Path, **variables: str) -> Usage:
    """Return a usage of ``paths`` as they are now."""
    return Usage(outside=outside.look(map(str, paths)), variables=variables)


def test_content_decides(tmp_path: Path) -> None:
    outside, path = Outside({}), tmp_path / "x"
    path.write_text("1")
    used = usage(outside, path)
    os.utime(path, (1, 1))
    assert outside.outside_changed(used) is None
    before = path.stat()
    path.write_text("2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert str(outside.outside_changed(used)) == f"{path} changed"
    path.unlink()
    assert str(outside.outside_changed(used)) == f"{path} is gone"


def test_what_was_not_there(tmp_path: Path) -> None:
    outside, path = Outside({}), tmp_path / "x"
    used = usage(outside, path)
    assert outside.outside_changed(used) is None
    path.touch()
    assert str(outside.outside_changed(used)) == f"{path} is there now"


def test_the_names_in_a_folder(tmp_path: Path) -> None:
    outside = Outside({})
    used = usage(outside, tmp_path)
    (tmp_path / "x").touch()
    assert str(outside.outside_changed(used)) == f"{tmp_path} changed"


def test_a_link_is_followed_to_its_file(tmp_path: Path) -> None:
    outside, link = Outside({}), tmp_path / "link"
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    link.symlink_to("a")
    used = usage(outside, link)
    link.unlink()
    link.symlink_to("b")
    assert outside.outside_changed(used) is not None


def test_no_pipe_is_waited_for_and_no_device_opened(tmp_path: Path) -> None:
    outside, pipe = Outside({}), tmp_path / "pipe"
    os.mkfifo(pipe)
    found = outside.look([str(pipe), "/dev/zero", "/nul\0l"])
    assert [it.sha256 for it in found] == [None] * 3


def test_large_files_are_told_by_their_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 3)
    outside, path = Outside({}), tmp_path / "x"
    path.write_text("1234")
    used = usage(outside, path)
    assert used.outside[0].sha256 is None
    assert outside.outside_changed(used) is None
    os.utime(path, (1, 1))
    assert outside.outside_changed(used) is not None


def test_what_changed_since(tmp_path: Path) -> None:
    outside, path = Outside({}), tmp_path / "x"
    path.touch()
    assert outside.touched(str(path), time.time_ns() - 10**9)
    assert not outside.touched(str(path), time.time_ns() + 10**9)
    assert not outside.touched(str(tmp_path / "absent"), 0)


def test_variables_of_the_service() -> None:
    used = usage(Outside({}), TZ="UTC", LC_TIME="C")
    assert Outside({"TZ": "UTC"}).outside_changed(used) is None
    changed = Outside({"TZ": "Asia/Tokyo"}).outside_changed(used)
    assert str(changed) == "the variable TZ of the service is another"


def test_time_zone_and_locales_count_by_rule() -> None:
    assert {"/etc/localtime", "/usr/lib/locale/locale-archive"} <= set(by_rule({}))
    assert "/usr/share/zoneinfo/Asia/Tokyo" in by_rule({"TZ": "Asia/Tokyo"})
    assert "/my/zone" in by_rule({"TZ": ":/my/zone"})


def test_a_glance_sees_when_each_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TICK_NS", -(10**18))  # the folder is new
    outside, path, absent = Outside({}, [str(tmp_path)]), tmp_path / "x", tmp_path / "absent"
    path.write_text("1")
    files = outside.look(map(str, (path, tmp_path, absent)))
    found = outside.glance(files)
    times = [path.stat().st_ctime_ns, tmp_path.stat().st_ctime_ns, 0]
    assert found == dict(zip(map(str, (path, tmp_path, absent)), times, strict=True))


def test_no_glance_shows_what_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TICK_NS", -(10**18))
    outside, path, folder = Outside({}, [str(tmp_path)]), tmp_path / "x", tmp_path / "folder"
    path.write_text("1")
    folder.mkdir()
    absent, gone = folder / "absent", folder / "gone"
    gone.touch()
    seen = [outside.look([str(each)]) for each in (path, folder, absent, gone)]
    assert [outside.glance(each) is None for each in seen] == [False] * 4
    path.write_text("22")
    absent.touch()
    gone.unlink()
    assert [outside.glance(each) for each in seen] == [None] * 4


def test_no_glance_is_cast_at_a_disk_that_may_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.touch()
    outside = Outside({}, ["/proc"])
    files = outside.look([str(path), str(tmp_path / "absent")])
    monkeypatch.setattr(os, "stat", lambda *_: pytest.fail("it was asked for"))
    assert [outside.glance([each]) for each in files] == [None, None]


def test_a_glance_does_not_trust_a_folder_that_has_just_changed(tmp_path: Path) -> None:
    outside, folder = Outside({}, [str(tmp_path)]), tmp_path / "folder"
    folder.mkdir()
    (folder / "x").touch()
    os.utime(folder)
    assert outside.glance(outside.look([str(folder)])) is None
