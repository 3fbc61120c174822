"""A child that is forked ahead: it becomes the job of its order, or leaves without one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

PARENT = """
import json, os, sys
from park.runtime.order import Order
from park.runtime.spare import fork_spare

reading, writing = os.pipe()
spare = fork_spare([reading])
for record in json.loads(sys.argv[1]):
    spare.give(Order(**record))
if len(sys.argv) > 2:
    spare.channel.close()
_, status = os.waitpid(spare.pid, 0)
print(os.waitstatus_to_exitcode(status))
"""


def exit_status(*orders: dict[str, Any], closes: bool = False) -> int:
    """Return how a spare ended that was given ``orders``, or nothing and a closed channel."""
    line = [sys.executable, "-c", PARENT, json.dumps(orders), *(["close"] if closes else [])]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    return int(done.stdout)


def ordered(folder: Path, entry_point: str, *args: Any, **more: Any) -> dict[str, Any]:
    (folder / "call.json").write_text(json.dumps({"args": args, "kwargs": {}}))
    facts = {"job_id": "0199", "attempt": 1, "entry_point": entry_point, "set_hash": None}
    return {**facts, "directory": str(folder), **more}


def outcome(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "outcome.json").read_text()))


def test_it_becomes_the_job_of_its_order(tmp_path: Path) -> None:
    assert exit_status(ordered(tmp_path, "math:sqrt", 9.0)) == 0
    assert (outcome(tmp_path)["state"], outcome(tmp_path)["result"]) == ("completed", 3.0)


def test_a_job_that_fails_says_so_and_ends_with_another_status(tmp_path: Path) -> None:
    assert exit_status(ordered(tmp_path, "math:sqrt", -1.0)) == 1
    assert outcome(tmp_path)["error"].startswith("ValueError: ")


def test_where_that_is_asked_it_becomes_a_fresh_interpreter(tmp_path: Path) -> None:
    assert exit_status(ordered(tmp_path, "math:sqrt", 9.0, fresh=True)) == 0
    assert outcome(tmp_path)["result"] == 3.0


def test_one_that_nobody_needs_any_more_leaves_in_peace() -> None:
    assert exit_status(closes=True) == 0


COLLECTED = """
import gc, os
from park.runtime.spare import fork_spare

made = [[] for _ in range(5_000)]
gc.disable()
spare = fork_spare([])
print(any(each is made for each in gc.get_objects()))
spare.close()
os.waitpid(spare.pid, 0)
"""


def test_what_its_parent_made_is_nothing_for_its_collections() -> None:
    line = [sys.executable, "-c", COLLECTED]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    assert done.stdout == "False\n"


REHEARSING = """
import json, os, sys
from park.runtime import spare as module
from park.runtime.order import Order

reading, writing = os.pipe()
module.rehearse_in_memory = lambda: os.write(writing, b"r")
module._BUSY_S = float(sys.argv[2])
spare = module.fork_spare([reading])
os.close(writing)
if sys.argv[3:]:
    os.read(reading, 1)
    print("rehearsed")
spare.give(Order(**json.loads(sys.argv[1])))
os.waitpid(spare.pid, 0)
print(os.read(reading, 1).decode())
"""


def rehearsed(folder: Path, busy_s: float, *options: str) -> str:
    order = json.dumps(ordered(folder, "math:sqrt", 9.0))
    line = [sys.executable, "-c", REHEARSING, order, str(busy_s), *options]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    return done.stdout.strip()


def test_one_whose_order_comes_in_a_moment_does_all_of_it_once(tmp_path: Path) -> None:
    assert rehearsed(tmp_path, LIMIT_S) == ""
    assert outcome(tmp_path)["result"] == 3.0


def test_one_that_waits_rehearses(tmp_path: Path) -> None:
    assert rehearsed(tmp_path, 0.0, "waits") == "rehearsed"


SEVERAL = """
import json, os, sys
from park.runtime.order import Order
from park.runtime.spare import fork_spare

spare = fork_spare([])
said = []
for record in json.loads(sys.argv[1]):
    try:
        spare.give(Order(**record))
        said.append(spare.channel.recv(8).decode())
    except OSError:
        said.append("")
spare.channel.close()
status = os.waitstatus_to_exitcode(os.waitpid(spare.pid, 0)[1])
print(json.dumps([spare.pid, said, status]))
"""


def several(folder: Path, *calls: tuple[str, list[Any]], **more: Any) -> tuple[int, list[str]]:
    """Give one child several orders; return its number and its last word of each."""
    pid, said, _ = several_to_the_end(folder, *calls, **more)
    return pid, said


def several_to_the_end(
    folder: Path, *calls: tuple[str, list[Any]], **more: Any
) -> tuple[int, list[str], int]:
    """Do that, and return its exit status, too."""
    orders = []
    for number, (entry_point, args) in enumerate(calls):
        place = folder / str(number)
        place.mkdir()
        orders.append(ordered(place, entry_point, *args, memo=False, reuse=True) | more)
    line = [sys.executable, "-c", SEVERAL, json.dumps(orders)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    pid, said, status = json.loads(done.stdout)
    return pid, said, status


def test_where_its_jobs_let_it_it_is_one_after_the_other(tmp_path: Path) -> None:
    pid, said = several(tmp_path, ("os:getpid", []), ("os:getcwd", []), ("os:getpid", []))
    results = [outcome(tmp_path / str(each))["result"] for each in range(3)]
    assert (results[0], results[2]) == (pid, pid)
    assert results[1] == str(tmp_path / "1" / "work")
    assert said == ["r", "r", "r"]
    assert [outcome(tmp_path / str(each))["stays"] for each in range(3)] == [True] * 3
    claim = json.loads((tmp_path / "2" / "attempt-1").readlink().name)
    assert (claim["pid"], claim["reuse"]) == (pid, True)


def test_one_that_leaves_a_thread_does_not_say_that_nothing_of_it_runs(tmp_path: Path) -> None:
    thread = "__import__('threading').Thread(target=__import__('time').sleep, args=(0.1,)).start()"
    _, said = several(tmp_path, ("builtins:eval", [thread]), ("math:sqrt", [4.0]))
    assert said == ["f", ""]
    assert outcome(tmp_path / "0")["stays"] is False


def test_what_it_printed_is_there_before_it_says_so(tmp_path: Path) -> None:
    look = f"open({str(tmp_path / '0' / 'stdout')!r}).read()"
    several(tmp_path, ("builtins:print", ["said"]), ("builtins:eval", [look]))
    assert outcome(tmp_path / "1")["result"] == "said\n"


def test_one_whose_outcome_cannot_be_written_says_nothing_and_fails(tmp_path: Path) -> None:
    _, said, status = several_to_the_end(tmp_path, ("shutil:rmtree", [str(tmp_path / "0")]))
    assert (said, status) == ([""], 1)


def test_one_that_failed_is_its_last(tmp_path: Path) -> None:
    _, said = several(tmp_path, ("math:sqrt", [4.0]), ("math:sqrt", [-1.0]), ("math:sqrt", [4.0]))
    assert said == ["r", "f", ""]
    assert not (tmp_path / "2" / "outcome.json").exists()


def test_one_that_tells_what_it_used_has_a_process_of_its_own(tmp_path: Path) -> None:
    _, said = several(tmp_path, ("math:sqrt", [4.0]), memo=True)
    assert said == ["f"]
