"""The machinery runs anywhere: it imports the standard library and itself, nothing else."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import park.runtime

FOLDER = Path(park.runtime.__path__[0])


def foreign_imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] not in sys.stdlib_module_names)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_only_the_standard_library_is_imported(path: Path) -> None:
    allowed = ["numpy"] if path.name == "codec.py" else []
    assert list(foreign_imports(path.read_text())) == allowed


def test_the_check_finds_what_is_foreign() -> None:
    assert list(foreign_imports("import os, numpy.linalg\nfrom park.errors import X")) == [
        "numpy.linalg",
        "park.errors",
    ]


def test_the_job_side_of_park_loads_nothing_else() -> None:
    code = (
        "import sys; sys.path.append(sys.argv[1]); import park; park.progress(1); park.job;"
        "foreign = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names);"
        "assert foreign <= {'park', '__main__'}, foreign"
    )
    source = str(FOLDER.parent.parent)
    subprocess.run([sys.executable, "-I", "-S", "-c", code, source], check=True)


def test_what_each_child_copies_has_no_libraries_that_few_jobs_need() -> None:
    code = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "from park.runtime import forkserver, rehearsal\n"
        "from park.runtime.used import recorder\n"
        "recorder.start(); rehearsal.rehearse(); recorder.keep_base(sys.argv[2])\n"
        "rehearsal.rehearse_often()\n"
        "found = {'tempfile', 'shutil', 'hashlib', 'difflib', 'random'} & set(sys.modules)\n"
        "assert not found, found"
    )
    source = str(FOLDER.parent.parent)
    with TemporaryDirectory() as folder:
        line = [sys.executable, "-I", "-S", "-c", code, source, folder]
        subprocess.run(line, check=True)
        (base,) = Path(folder).iterdir()
        digest = hashlib.sha256(base.read_bytes()).hexdigest()
        assert base.name == f"used-{digest}.json"
