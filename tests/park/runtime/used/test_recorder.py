from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_JOB = """
import json, os, sys
from park.runtime.used import recorder
folder, data = sys.argv[1:]
recorder.start()
open(data + "/before").close()
recorder.keep_base(folder if sys.argv[0] != "fresh" else None)
open(data + "/between").close()  # the fork server itself: no job's
recorder.rehearse()
recorder.lend_base(folder + "/job/base.json")
recorder.lend_base(folder + "/job/base.json")  # as for a second attempt
if os.fork() == 0:
    recorder.begin(folder + "/job")
    open(data + "/during").close()
    open(folder + "/job/own").close()
    SOMETHING
    print(json.dumps(recorder.finish()), flush=True)
    os._exit(0)
os.wait()
"""


def noted(tmp_path: Path, something: str = "pass") -> tuple[dict[str, Any], str, Path]:
    """Return what a job noted, the text of its base, and the folder of its data."""
    data, job = tmp_path / "data", tmp_path / "server" / "job"
    data.mkdir()
    job.mkdir(parents=True)
    for path in (data / "before", data / "between", data / "during", job / "own"):
        path.touch()
    code = _JOB.replace("SOMETHING", something)
    command = [sys.executable, "-c", code, str(tmp_path / "server"), str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    base = job / "base.json"
    return json.loads(done.stdout), base.read_text() if base.exists() else "", data


def test_a_job_notes_what_is_its_own(tmp_path: Path) -> None:
    record, base, data = noted(tmp_path)
    assert record["read"] == [f"{data}/during"]
    assert hashlib.sha256(base.encode()).hexdigest() == record["base"]
    assert f"{data}/before" in json.loads(base)["read"]
    assert f"{data}/during" not in json.loads(base)["read"]
    assert json.loads(base)["since_ns"] <= record["since_ns"]


def test_a_module_and_a_library_that_it_loaded(tmp_path: Path) -> None:
    record, _, _ = noted(tmp_path, "import _sqlite3")
    assert any("libsqlite3" in path for path in record["libraries"])


def test_what_undoes_it_is_found(tmp_path: Path) -> None:
    record, _, _ = noted(tmp_path, "recorder._recorders[0]._listener.notes = recorder.Notes()")
    assert record["only_this_lock"] == "it undid what notes which files it uses"


def test_modules_from_elsewhere(tmp_path: Path) -> None:
    record, _, _ = noted(tmp_path, "sys.path[:] = ['/opt/modules']")
    reason = "its modules may come from /opt/modules, outside the environment"
    assert record["only_this_lock"] == reason


def test_nobody_notes_where_it_was_not_started() -> None:
    code = (
        "from park.runtime.used import recorder\n"
        "recorder.rehearse(); recorder.begin('/x'); recorder.keep_base('/x')\n"
        "assert recorder.finish() is None"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
