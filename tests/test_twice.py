"""A test that fails once among thousands is named and tried again; a fault stays a failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.session.limits import LIMIT_S

TWICE = Path(__file__).parent.parent / ".ci" / "twice"

UNSTEADY = """
from pathlib import Path

def test_unsteady():
    seen = Path("seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""

BROKEN = """
def test_broken():
    assert False
"""

FOUR = """
import pytest

@pytest.mark.parametrize("n", range(4))
def test_of_four(n):
    assert False
"""

FINE = """
def test_fine():
    open("runs", "a").write(".")
"""


def twice(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    for number, text in enumerate((FINE, *tests)):
        (folder / f"test_{number}.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    pytest_here = (sys.executable, "-m", "pytest", "-q", "-n", "0")
    return subprocess.run(
        [str(TWICE), *pytest_here], cwd=folder, capture_output=True, text=True, check=False,
        timeout=LIMIT_S,
    )  # fmt: skip


def runs_of_the_fine_one(folder: Path) -> int:
    return len((folder / "runs").read_text())


def test_where_all_pass_nothing_is_tried_again(tmp_path: Path) -> None:
    done = twice(tmp_path)
    assert done.returncode == 0
    assert "once more" not in done.stdout
    assert runs_of_the_fine_one(tmp_path) == 1


def test_what_passes_alone_is_named_and_no_failure(tmp_path: Path) -> None:
    done = twice(tmp_path, UNSTEADY)
    assert done.returncode == 0, done.stdout
    assert "UNSTEADY" in done.stdout.splitlines()[-1]
    assert "test_1.py::test_unsteady" in done.stdout.splitlines()[-1]
    assert runs_of_the_fine_one(tmp_path) == 1  # and nothing else is run again


@pytest.mark.parametrize(
    ("tests", "tries"),
    [((BROKEN,), 2), ((UNSTEADY, BROKEN), 2), ((FOUR,), 1), (("nonsense(",), 1)],
    ids=["twice", "one-of-two", "four", "not-collected"],
)
def test_what_fails_twice_or_in_numbers_is_a_failure(
    tmp_path: Path, tests: tuple[str, ...], tries: int
) -> None:
    done = twice(tmp_path, *tests)
    assert done.returncode != 0
    assert ("once more, alone" in done.stdout) == (tries == 2)
    assert "UNSTEADY" not in done.stdout
