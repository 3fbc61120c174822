"""A process for several jobs: when it may have another one, and what it gives back before that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a fork server is Linux's")


def told(code: str, *arguments: str) -> Any:
    """Return what a program prints as JSON, in which ``reuse`` is of a process before its jobs."""
    head = (
        "import atexit, json, os, signal, sys, threading\n"
        "from park.runtime.again.reuse import MOST_JOBS, Reuse\n"
        "reuse = Reuse.of_this()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", head + code, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
        stdin=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def may_go_on(job: str) -> bool:
    return bool(told(f"reuse.begin()\n{job}\nprint(json.dumps(reuse.may_go_on()), flush=True)"))


@pytest.mark.parametrize(
    "job",
    [
        pytest.param("pass", id="nothing"),
        pytest.param("import decimal; os.environ['A'] = '1'; os.chdir('/')", id="memory"),
        pytest.param(
            "t = threading.Thread(target=int); t.start(); t.join()", id="a thread that ended"
        ),
        pytest.param("os.system('true')", id="a process that was waited for"),
    ],
)
def test_what_a_job_leaves_in_memory_is_for_the_next(job: str) -> None:
    assert may_go_on(job)


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(
            "threading.Thread(target=threading.Event().wait, daemon=True).start()", id="a thread"
        ),
        pytest.param("atexit.register(int)", id="an exit handler"),
        pytest.param("signal.signal(signal.SIGTERM, lambda *_: None)", id="a signal's handler"),
        pytest.param(
            "pid = os.fork()\nif pid == 0: os._exit(0)\n", id="a process nobody has waited for"
        ),
        pytest.param("reuse.jobs = MOST_JOBS", id="the last of many"),
    ],
)
def test_what_runs_or_is_to_run_after_a_job_ends_with_its_process(job: str) -> None:
    assert not may_go_on(job)


def test_the_next_one_has_the_surroundings_of_the_first(tmp_path: Path) -> None:
    found = told(
        "import resource\n"
        "before = dict(os.environ), sys.path.copy(), os.umask(0o022)\n"
        "os.umask(0o022)\n"
        "reuse = Reuse.of_this()\n"
        "reuse.begin()\n"
        "os.environ.pop('PATH'); os.environ.update(A='1', HOME='/nowhere')\n"
        "sys.path.insert(0, 'x'); os.umask(0); os.chdir(sys.argv[1]); signal.alarm(1000)\n"
        "hard = resource.getrlimit(resource.RLIMIT_DATA)[1]\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (1 << 33, hard))\n"
        "reuse.restore()\n"
        "print(json.dumps({\n"
        "    'variables': dict(os.environ) == before[0], 'path': sys.path == before[1],\n"
        "    'umask': os.umask(0), 'folder': os.getcwd(), 'alarm': signal.alarm(0),\n"
        "    'memory': resource.getrlimit(resource.RLIMIT_DATA)[0] == hard}))",
        str(tmp_path),
    )
    assert found == {
        "variables": True,
        "path": True,
        "umask": 0o022,
        "folder": "/",
        "alarm": 0,
        "memory": True,
    }


def test_what_c_code_has_printed_is_not_in_what_the_next_one_prints(tmp_path: Path) -> None:
    told(
        "import ctypes\n"
        "kept = os.dup(1)\n"
        "os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 1)\n"
        "ctypes.CDLL(None).puts(b'of the first')\n"
        "reuse.restore()\n"
        "os.dup2(kept, 1)\n"
        "print(0)",
        str(tmp_path / "first"),
    )
    assert (tmp_path / "first").read_text() == "of the first\n"


def test_each_job_has_an_account_of_its_own() -> None:
    first, second, peaks = told(
        "from park.runtime import outcome\n"
        "import time\n"
        # forked, as jobs are: whose process was made by exec has the peak of whoever did that
        "if child := os.fork(): os._exit(os.waitpid(child, 0)[1])\n"
        "def job(work):\n"
        "    reuse.begin()\n"
        "    work()\n"
        "    return outcome.completed(1, None, cpu_before_s=reuse.cpu_s)['usage']\n"
        "def busy():\n"
        "    until = time.process_time() + 0.3\n"
        "    filled = bytearray(b'x') * (200 << 20)\n"
        "    while time.process_time() < until: pass\n"
        "one, other = job(busy), job(int)\n"
        "print(json.dumps([one['cpu_s'], other['cpu_s'],\n"
        "                  [one['max_rss_bytes'], other['max_rss_bytes']]]))"
    )
    assert first >= 0.3 > second
    if os.access("/proc/self/clear_refs", os.W_OK):
        assert peaks[0] - peaks[1] > 100 << 20
