from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from support.material.open_doors import of_the_service

from park_server.areas.areas import Areas
from park_server.jobs.memo.service_files import ABSENT, ServiceFiles

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_known_by_its_content_each_time(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    files = ServiceFiles(Areas(tmp_path / "areas", {"data": root}, of_the_service))
    assert files.digest("/data/run.zip", "me") == ABSENT
    for content in (b"one", b"two", b"one"):
        (root / "run.zip").write_bytes(content)
        expected = hashlib.sha256(content).hexdigest()
        assert files.digest("/data/run.zip", "me") == expected
        assert files.digest("/data/run.zip", "me") == expected


def test_a_folder_has_no_content(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (root / "file").write_bytes(b"x")
    files = ServiceFiles(Areas(tmp_path / "areas", {"data": root}, of_the_service))
    assert set(files.contents(["/data/inner", "/data/file"], "me")) == {"/data/file"}
