"""`park_repo.wheelstore.unpack`: what cannot be a wheel is refused by name; nothing stays of it."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest
from support.material.wheels import make_wheel

from park.digests import file_sha256
from park.errors import CannotSatisfy
from park_repo.wheelstore.store import WheelStore

if TYPE_CHECKING:
    from pathlib import Path

POINTS = "odd-1.0.dist-info/entry_points.txt"
SCRIPTS = b"[console_scripts]\n"

BROKEN = {
    "a name that no file system takes": ({f"odd/{'x' * 256}.py": b""}, "is too long"),
    "a module whose bytecode has no room": ({f"odd/{'x' * 240}.py": b""}, "is too long"),
    "a path that no file system takes": ({"/".join(["x" * 200] * 21): b""}, "is too long"),
    "a file that is a folder": ({"odd": b"", "odd/a.py": b""}, "[Nn]ot a directory|exists"),
    "a folder that is a file": ({"odd/a.py": b"", "odd": b""}, "exists|[Ii]s a directory"),
    "points without a section": ({POINTS: b"say = odd:main\n"}, "no section headers"),
    "points twice": ({POINTS: SCRIPTS + b"say = odd:a\nsay = odd:b\n"}, "already exists"),
    "a point that is no reference": ({POINTS: SCRIPTS + b"say = not a reference\n"}, "."),
    "points that are no text": ({POINTS: b"\xff\xfe"}, "utf-8"),
    "a script outside": ({POINTS: SCRIPTS + b"../../say = odd:main\n"}, "no name of a script"),
    "a script that is a folder": ({POINTS: SCRIPTS + b".. = odd:main\n"}, "no name of a script"),
    "a script with a long name": (
        {POINTS: SCRIPTS + b"x" * 256 + b" = odd:main\n"},
        "'xxx.*…' is no name of a script",
    ),
}


@pytest.mark.parametrize(("files", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_unpacked_is_refused_and_leaves_nothing(
    tmp_path: Path, files: dict[str, bytes], reason: str
) -> None:
    wheel = make_wheel(tmp_path, "odd", files=files)
    store = WheelStore(tmp_path / "store")

    with pytest.raises(CannotSatisfy, match=f"^not a valid wheel: {wheel.name}: .*{reason}"):
        store.unpack(wheel, sha256=file_sha256(wheel), python="3.11", cache_tag="cpython-311")

    assert list(store.entries()) == []
    assert [path.name for path in store.folder.iterdir()] == [".locks"]


def test_what_this_file_system_takes_no_name_for_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some take fewer bytes than most (eCryptfs: 143)."""
    wheel = make_wheel(tmp_path, "odd")
    store = WheelStore(tmp_path / "store")

    def small(*_: object) -> None:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), "odd/long.py")

    monkeypatch.setattr("park_repo.wheelstore.unpack.install", small)

    with pytest.raises(CannotSatisfy, match=f"{wheel.name}: a name is too long for .*long.py"):
        store.unpack(wheel, sha256=file_sha256(wheel), python="3.11", cache_tag="cpython-311")


def test_what_the_disk_refuses_is_no_fault_of_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = make_wheel(tmp_path, "odd")
    store = WheelStore(tmp_path / "store")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("park_repo.wheelstore.unpack.install", full)

    with pytest.raises(OSError, match="No space left"):
        store.unpack(wheel, sha256=file_sha256(wheel), python="3.11", cache_tag="cpython-311")
