import os
import stat
from pathlib import Path

import pytest

from park_repo.durable import BUILDING, beside, sweep_beside, write_durably, write_synced


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made durable, in order, as it was called at that moment."""
    seen: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        seen.append(BUILDING if name.startswith(BUILDING) else name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return seen


def test_a_durable_file_has_its_content_and_then_its_name_on_the_disk(
    tmp_path: Path, synced: list[str]
) -> None:
    path = tmp_path / "mark.json"
    write_durably(path, b"one")
    write_durably(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert synced == [BUILDING, tmp_path.name] * 2
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    write_synced(tmp_path / "file", b"one")
    with pytest.raises(FileExistsError):
        write_synced(tmp_path / "file", b"two")
    assert (tmp_path / "file").read_bytes() == b"one"


def test_what_a_crash_left_beside_is_swept(tmp_path: Path) -> None:
    left = beside(tmp_path, "mark.json")
    left.write_bytes(b"half")
    assert sweep_beside(tmp_path) == [left.name]
