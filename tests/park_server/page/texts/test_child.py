"""The questions that the process answers."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from support.material.wheels import make_wheel

from park_server.page.texts.child import answer_to

if TYPE_CHECKING:
    from pathlib import Path


def test_it_answers_both_questions(tmp_path: Path) -> None:
    metadata = tmp_path / "METADATA"
    metadata.write_bytes(b"Metadata-Version: 2.4\nName: film\nVersion: 1\nSummary: one\n\n")
    assert answer_to({"about": str(metadata)})["summary"] == "one"
    wheel = make_wheel(tmp_path, "film", "1")  # as it lies in a folder
    assert answer_to({"about": str(wheel)})["requires_python"] == ">=3.11"
    for name, content in (("old", "1\n"), ("new", "2\n")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("film.py", content)
    found = answer_to({"old": str(tmp_path / "old"), "new": str(tmp_path / "new")})
    assert found["files"][0]["lines"] == ["@@ -1 +1 @@", "-1", "+2"]
