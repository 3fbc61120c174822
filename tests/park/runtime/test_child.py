"""The process of a job, from its claim to its last word, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

from park.runtime.child import UNCLAIMED
from park.runtime.folder import JobFolder

if TYPE_CHECKING:
    from pathlib import Path

PARENT = """
import json, os, socket, sys
from park.runtime.child import run
from park.runtime.order import Order
from park.runtime.surroundings import prepare_streams
from park.runtime.used import recorder

recorder.start()
ours, theirs = socket.socketpair()
pid = os.fork()
if not pid:
    ours.close()
    prepare_streams()
    run(Order(**json.loads(sys.argv[1])), theirs)
theirs.close()
said = b""
while word := ours.recv(8):
    said += word
print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()]))
"""

MODEL = """
import atexit, os, sys, threading

class Marks:
    timeout_s, restartable, memo = 7.0, True, False

def double(x):
    return 2 * x

def marked():
    return 1
marked.__park_job__ = Marks()

async def later(x):
    return x

def leaves():
    sys.exit(3)

def fails():
    raise ValueError("no film\\nof that name")

def nothing_json():
    return object.__new__(type("Odd", (), {"__reduce__": None}))

def copied():
    copy = os.fork()
    if not copy:
        return "the copy"
    os.waitpid(copy, 0)
    os.rename("../outcome.json", "../of-the-copy.json")
    return "the original"

def goes_on(path):
    def write(text):
        with open(path, "a") as file:
            file.write(text)
    go = threading.Event()
    thread = threading.Thread(target=lambda: (go.wait(), write("thread ")))
    thread.start()
    atexit.register(write, "exit")
    go.set()
    print("said", end="")
    return 1
"""


def ran(folder: Path, entry_point: str, *args: Any, **said: Any) -> tuple[int, str]:
    """Run a job in ``folder``; return its exit status, and what its fork server heard."""
    (folder / "model.py").write_text(MODEL)
    if not (folder / "call.json").exists():
        (folder / "call.json").write_text(json.dumps({"args": args, "kwargs": {}}))
    order = {"job_id": "0199", "attempt": 1, "set_hash": None, "directory": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", PARENT, json.dumps({**order, "entry_point": entry_point, **said})],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    status, heard = json.loads(done.stdout)
    return status, heard


def record(folder: Path, name: str = "outcome") -> dict[str, Any]:
    return dict(json.loads((folder / f"{name}.json").read_text()))


@pytest.mark.parametrize(("call", "result"), [("double", 14), ("later", 7)])
def test_what_is_returned_or_awaited_is_the_result(tmp_path: Path, call: str, result: int) -> None:
    assert ran(tmp_path, f"model:{call}", 7) == (0, "f")
    assert (record(tmp_path)["state"], record(tmp_path)["result"]) == ("completed", result)


def test_the_file_made_ahead_becomes_its_outcome(tmp_path: Path) -> None:
    ahead = tmp_path / ".outcome.json"
    ahead.touch()
    made = ahead.stat().st_ino
    assert ran(tmp_path, "model:double", 7) == (0, "f")
    assert (tmp_path / "outcome.json").stat().st_ino == made
    assert record(tmp_path)["result"] == 14


def test_a_copy_of_it_that_returns_as_well_writes_a_file_of_its_own(tmp_path: Path) -> None:
    ahead = tmp_path / ".outcome.json"
    ahead.touch()
    made = ahead.stat().st_ino
    assert ran(tmp_path, "model:copied") == (0, "ff")
    assert record(tmp_path)["result"] == "the original"
    assert (tmp_path / "outcome.json").stat().st_ino == made
    assert json.loads((tmp_path / "of-the-copy.json").read_text())["result"] == "the copy"


def test_arguments_may_come_with_the_order(tmp_path: Path) -> None:
    (tmp_path / "call.json").write_text('{"args": [1], "kwargs": {}}')
    assert ran(tmp_path, "model:double", call='{"args": [7], "kwargs": {}}') == (0, "f")
    assert record(tmp_path)["result"] == 14


@pytest.mark.parametrize("memo", [True, False])
def test_what_it_used_is_told_where_that_is_wanted(tmp_path: Path, *, memo: bool) -> None:
    assert ran(tmp_path, "model:double", 7, memo=memo) == (0, "f")
    assert (tmp_path / "used.json").exists() is memo


def test_an_attempt_of_somebody_else_is_not_run(tmp_path: Path) -> None:
    assert JobFolder(root=str(tmp_path)).claim(1, {"by": "the service"})
    assert ran(tmp_path, "model:double", 7) == (UNCLAIMED, "")
    assert not (tmp_path / "outcome.json").exists()


@pytest.mark.parametrize(
    ("call", "cause", "error"),
    [
        ("model:leaves", "exit", "the job called sys.exit(3)"),
        ("model:fails", "exception", "ValueError: no film"),
        ("model:nothing_json", "result", "cannot serialise the result"),
        ("model:absent", "missing", "absent"),
        ("no_such_model:f", "import", "no_such_model"),
    ],
)
def test_what_ends_without_a_result_says_why(
    tmp_path: Path, call: str, cause: str, error: str
) -> None:
    assert ran(tmp_path, call) == (1, "f")
    found = record(tmp_path)
    assert (found["state"], found["cause"]) == ("failed", cause)
    assert error in found["error"]
    assert "\n" not in found["error"]
    assert (tmp_path / "stderr").read_text().startswith(found["traceback"] or found["error"])


@pytest.mark.parametrize("text", ["", "[]", '{"args": [{"$park": "unknown"}], "kwargs": {}}'])
def test_a_call_that_cannot_be_read_is_of_its_arguments(tmp_path: Path, text: str) -> None:
    (tmp_path / "call.json").write_text(text)
    assert ran(tmp_path, "model:double") == (1, "f")
    assert record(tmp_path)["cause"] == "arguments"


def test_where_it_cannot_stand_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("no folder")
    assert ran(tmp_path, "model:double", 7) == (1, "f")
    found = record(tmp_path)
    assert found["cause"] == "preparation"
    assert found["error"].startswith("the job could not be prepared: ")


def test_what_the_decorator_says_is_told_before_the_end(tmp_path: Path) -> None:
    assert ran(tmp_path, "model:marked") == (0, "mf")
    assert record(tmp_path, "marks") == {
        "attempt": 1,
        "timeout_s": 7.0,
        "stalled_after_s": None,  # of a park that had none
        "restartable": True,
        "memo": False,
    }


def test_threads_exit_handlers_and_streams_end_before_its_last_word(tmp_path: Path) -> None:
    assert ran(tmp_path, "model:goes_on", str(tmp_path / "notes")) == (0, "f")
    assert (tmp_path / "notes").read_text() == "thread exit"
    assert (tmp_path / "stdout").read_text() == "said"


def test_an_interpreter_of_its_own_says_when_the_call_begins(tmp_path: Path) -> None:
    assert ran(tmp_path, "model:double", 7, fresh=True) == (0, "bf")
    (tmp_path / "marked").mkdir()
    assert ran(tmp_path / "marked", "model:marked", fresh=True) == (0, "mbf")
