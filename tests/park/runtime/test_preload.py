"""Importing ahead: whether jobs can be forked afterwards, and what an import must not leave."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

MODULES = {
    "plain.py": "",
    "leaving.py": "raise SystemExit(3)\n",
    "threaded.py": (
        "import threading\n"
        "end = threading.Event()\n"
        "threading.Thread(target=end.wait, name='watcher', daemon=True).start()\n"
    ),
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
    ],
)
def test_the_reason_why_jobs_cannot_be_forked_is_one_line(
    tmp_path: Path, module: str, reason: str
) -> None:
    code = f"from park.runtime.preload import preload; print(preload({module!r}))"
    assert said(tmp_path, code) == reason


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
