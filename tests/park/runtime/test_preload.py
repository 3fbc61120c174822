"""Importing ahead: whether jobs can be forked afterwards, and what an import must not leave."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

NATIVE = "import ctypes\nlibc = ctypes.CDLL(None)\nthread = ctypes.c_ulong()\n"
"""Threads of C, as OpenMP's are: no Python runs in them, and `threading` knows none."""

MODULES = {
    "plain.py": "",
    "leaving.py": "raise SystemExit(3)\n",
    "threaded.py": (
        "import threading\n"
        "end = threading.Event()\n"
        "threading.Thread(target=end.wait, name='watcher', daemon=True).start()\n"
    ),
    "native.py": NATIVE + "libc.pthread_create(ctypes.byref(thread), None, libc.pause, None)\n",
    "joined.py": NATIVE
    + "libc.pthread_create(ctypes.byref(thread), None, libc.getpid, None)\n"
    + "libc.pthread_join(thread, None)\n",
    "numba/__init__.py": "",
    "numba/np/__init__.py": "",
    "numba/np/ufunc/__init__.py": "",
    "numba/np/ufunc/parallel.py": "_is_initialized = False\n",
    "parallel.py": "from numba.np.ufunc import parallel\nparallel._is_initialized = True\n",
    "idle.py": "from numba.np.ufunc import parallel\n",
    "signals.py": (
        "import signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: None)\n"
        "signal.signal(signal.SIGINT, lambda *_: None)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})\n"
    ),
}


def said(folder: Path, code: str) -> str:
    """Return what ``code`` prints in an interpreter of its own, which sees the modules."""
    code = f"import sys; sys.path.insert(0, {str(write_tree(folder, MODULES))!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("plain", "None"),
        ("plain,json.decoder", "None"),
        ("plain,threaded", "importing plain,threaded started threads: watcher"),
        ("no_such_module", "importing no_such_module failed: ModuleNotFoundError"),
        ("leaving", "importing leaving failed: SystemExit"),
        ("threaded", "importing threaded started threads: watcher"),
        (
            "native",
            "importing native started a native thread (OpenMP's, say), which a fork would not have",
        ),
        ("joined", "None"),
        (
            "parallel",
            "importing parallel started numba's parallel threads, which a fork would not have",
        ),
        ("idle", "None"),
    ],
)
def test_the_reason_why_jobs_cannot_be_forked_is_one_line(
    tmp_path: Path, module: str, reason: str
) -> None:
    code = f"from park.runtime.preload import preload; print(preload({module!r}))"
    assert said(tmp_path, code) == reason


def test_threads_that_survive_a_fork_are_no_reason(tmp_path: Path) -> None:
    code = (
        "from park.runtime import preload\n"
        "preload._openblas_threads = lambda: iter([1])\n"
        "print(preload.preload('native'))"
    )
    assert said(tmp_path, code) == "None"


OPENBLAS = """
int openblas_get_num_threads64_(void) { return 5; }
int openblas_get_parallel64_(void) { return PARALLEL; }
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize(("parallel", "threads"), [(1, [4]), (0, []), (2, [])])
def test_an_openblas_is_asked_how_many_threads_of_its_own_it_has(
    tmp_path: Path, parallel: int, threads: list[int]
) -> None:
    (tmp_path / "blas.c").write_text(OPENBLAS.replace("PARALLEL", str(parallel)))
    library = tmp_path / "libopenblas64.so"
    command = ["cc", "-shared", "-fPIC", "-o", str(library), str(tmp_path / "blas.c")]
    subprocess.run(command, check=True)
    code = (
        f"import ctypes; ctypes.CDLL({str(library)!r})\n"
        "from park.runtime import preload; print([*preload._openblas_threads()])"
    )
    assert said(tmp_path / "modules", code) == str(threads)


def test_what_was_imported_is_not_collected_any_more(tmp_path: Path) -> None:
    code = (
        "import gc; from park.runtime.preload import preload; preload('plain')\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 0)"
    )
    assert said(tmp_path, code) == "False True"


def test_signals_are_those_of_a_new_interpreter_afterwards(tmp_path: Path) -> None:
    code = (
        "import signal; from park.runtime.preload import default_signals\n"
        "import signals; default_signals()\n"
        "print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,\n"
        "      signal.getsignal(signal.SIGINT) is signal.default_int_handler,\n"
        "      signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN,\n"
        "      signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    )
    assert said(tmp_path, code) == "True True True set()"


def test_the_library_comes_last_once_and_only_where_there_is_one(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    code = (
        "from park.runtime.preload import add_library\n"
        f"for folder in ({str(library)!r}, {str(library)!r}, {str(tmp_path / 'gone')!r}, None):\n"
        "    add_library(folder)\n"
        f"print(sys.path[-1] == {str(library)!r}, sys.path.count({str(library)!r}))"
    )
    assert said(tmp_path, code) == "True 1"
