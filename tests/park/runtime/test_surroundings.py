"""What a process gets before it runs a job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

from park.runtime.order import Order
from park_server import untrusted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def entered(folder: Path, code: str, **said: Any) -> Path:
    """Run ``code`` in a process that entered the surroundings of a job; return its folder."""
    given = {"attempt": 1, "entry_point": "m:f", "set_hash": None, **said}
    order = Order(job_id="0199", directory=str(folder), **given)
    program = (
        "import json, os, sys\n"
        "from park.runtime.order import Order\n"
        "from park.runtime.surroundings import enter, lift_memory_limit, prepare_streams\n"
        "prepare_streams()\n"
        f"enter(Order(**json.loads({json.dumps(order.as_record())!r})))\n{code}"
    )
    subprocess.run([sys.executable, "-c", program], timeout=LIMIT_S, check=True)
    return folder


def test_streams_go_to_the_jobs_files_line_by_line_as_utf_8(tmp_path: Path) -> None:
    code = "print('χ²'); os.system('echo sub'); print('end', file=sys.stderr); sys.stdin.read()"
    entered(tmp_path, code)
    assert (tmp_path / "stdout").read_text(encoding="utf-8") == "χ²\nsub\n"
    assert (tmp_path / "stderr").read_text() == "end\n"


def test_what_cannot_be_written_is_escaped(tmp_path: Path) -> None:
    entered(tmp_path, "print('\\ud800')")
    assert (tmp_path / "stdout").read_text() == "\\ud800\n"


def test_it_stands_in_its_work_directory_with_its_variables_and_its_name(tmp_path: Path) -> None:
    code = (
        "names = ('PARK_JOB_ID', 'PARK_JOB_ATTEMPT', 'PARK_JOB_DIRECTORY', 'OMP_NUM_THREADS')\n"
        "print(json.dumps([os.getcwd(), sys.argv, *(os.environ[name] for name in names)]))"
    )
    entered(tmp_path, code, variables={"OMP_NUM_THREADS": "1"})
    work = str(tmp_path / "work")
    told = json.loads((tmp_path / "stdout").read_text())
    assert told == [work, ["m:f"], "0199", "1", work, "1"]


@pytest.mark.parametrize(("attempt", "left"), [(1, ["old.txt"]), (2, [])])
def test_a_later_attempt_never_sees_what_the_one_before_it_left(
    tmp_path: Path, attempt: int, left: list[str]
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "old.txt").write_text("half")
    (tmp_path / "stdout").write_text("said before\n")
    entered(tmp_path, "print(os.listdir())", attempt=attempt)
    assert (tmp_path / "stdout").read_text() == f"{left}\n"


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    (path.parent / "elsewhere").mkdir(exist_ok=True)
    path.symlink_to("elsewhere")


def deep(path: Path) -> None:
    path.mkdir()
    inside = os.open(path, os.O_RDONLY)
    for _ in range(2_000):
        os.mkdir("d", dir_fd=inside)
        below = os.open("d", os.O_RDONLY, dir_fd=inside)
        os.close(inside)
        inside = below
    os.close(inside)


@pytest.mark.parametrize("make", [pipe, link, deep])
@pytest.mark.parametrize("name", ["stdout", "progress.jsonl", "work"])
def test_what_an_attempt_put_in_the_place_of_the_next_ones_files_is_in_nobodys_way(
    tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    make(folder / name)
    entered(folder, "import park; park.progress(1); print(os.listdir(), os.getcwd())", attempt=2)
    assert (folder / "stdout").read_text() == f"[] {folder}/work\n"
    assert not (folder / "stdout").is_symlink()
    assert (folder / "progress.jsonl").is_file()
    assert not list((folder / "elsewhere").glob("*"))
    with untrusted.folder(tmp_path, []) as inside:  # pytest itself stumbles over deep folders
        untrusted.remove("job", inside)


def test_memory_has_a_limit_until_it_is_lifted(tmp_path: Path) -> None:
    code = (
        "try: bytearray(1 << 30)\n"
        "except MemoryError: print('limited')\n"
        "lift_memory_limit(); print(len(bytearray(1 << 30)))"
    )
    entered(tmp_path, code, memory_bytes=256 << 20)
    assert (tmp_path / "stdout").read_text() == f"limited\n{1 << 30}\n"
