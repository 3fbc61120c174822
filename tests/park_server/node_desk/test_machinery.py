"""The archive that nodes run has all that it needs, and runs with nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from park_server.node_desk.machinery import Machinery


def test_the_archive_runs_alone_and_is_named_by_its_content(tmp_path: Path) -> None:
    sha256, path = Machinery(tmp_path / "one").made()
    assert Machinery(tmp_path / "two").made()[0] == sha256
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "node")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'node')!r})\n"
        "import park_server.on_node.carried_attempt, virtualenv, installer, packaging\n"
        "print(park_server.__file__, virtualenv.__file__)"
    )
    bare = [getattr(sys, "_base_executable", sys.executable), "-I", "-S", "-c", code]
    done = subprocess.run(bare, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    assert all(each.startswith(str(tmp_path / "node")) for each in done.stdout.split())
