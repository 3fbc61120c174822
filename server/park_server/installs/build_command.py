"""Commands that run code of a user for an install: each in a process group of its own, confined.

No less isolated than a job: another process and session, nothing of the service's home but the
folder of the build, no variable of the operator's beyond the few that programs need, no network
for what a user wrote, limits of time and memory, and nothing left running at the end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from park.build.backend import Launch
    from park_server.accounts.account import Account

__all__ = ["ConfinedRunner"]

_KEPT = frozenset({"PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT"})
"""What compilers need; tokens and passwords live in other variables."""


class ConfinedRunner:
    """Runs commands confined: of ``home`` they see what they run for, where mounts are permitted.

    ``timeout_s`` and ``memory_bytes`` (of one process) are the limits of each; ``network`` tells
    whether they have one, where the machine can tell.
    """

    def __init__(
        self,
        *,
        home: Path,
        timeout_s: float,
        memory_bytes: int,
        network: bool = False,
        reached: Sequence[Path] = (),
    ) -> None:
        """``reached`` is what commands need outside of the home: interpreters."""
        self._reached = (home, Path(sys.prefix), Path(sys.base_prefix), *reached)
        self._limits = {"home": str(home), "memory_bytes": memory_bytes, "network": network}
        self._timeout_s = timeout_s
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def environ(self, home: Path) -> dict[str, str]:
        """Return the variables that commands may see; ``home`` is where they may write."""
        kept = {name: value for name, value in os.environ.items() if name in _KEPT}
        return kept | {"HOME": str(home), "TMPDIR": str(home)}

    def showing(self, *shown: Path, account: Account | None = None) -> Launch:
        """Return what runs commands that see the folders ``shown`` of the home.

        As ``account``, None: as the service's own; what they may write, that owns.
        """

        def launch(command: Sequence[str], folder: str | None, environ: Mapping[str, str]) -> None:
            self._launch(shown, account, command, folder, environ)

        return launch

    def _launch(
        self,
        shown: Sequence[Path],
        account: Account | None,
        command: Sequence[str],
        folder: str | None,
        environ: Mapping[str, str],
    ) -> None:
        """Run ``command`` to its end; see `park.build.backend.Launch`.

        Raises `subprocess.CalledProcessError` with what it printed, also where it was ended
        because its time was up.
        """
        # isolated: the folder is the user's, and nothing in it may stand for a module of ours
        confine = [sys.executable, "-I", "-m", "park_server.installs.confine"]
        limits = self._limits | {"shown": [str(path) for path in shown]}
        if account is not None:
            limits |= {"words": [account.word, *(f"reach={path}" for path in self._reached)]}
            _give_control(command, account)
        process = subprocess.Popen(
            [*confine, json.dumps(limits), *command],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o022,
        )
        output = self._followed(process)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, output)

    def stop(self) -> None:
        """End all that runs; the threads that wait for it go on with a failure."""
        with self._lock:
            for process in self._running:
                _end(process)

    def _followed(self, process: subprocess.Popen[bytes]) -> bytes:
        with self._lock:
            self._running.add(process)
        try:
            output, _ = process.communicate(timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            output, _ = process.communicate()
            output += f"\nended: not done within {self._timeout_s:.0f} s\n".encode()
        finally:
            _end(process)  # what a build left running in the background ends with it
            with self._lock:
                self._running.discard(process)
        return output


def _give_control(command: Sequence[str], account: Account) -> None:
    """Give the folder through which a hook and its caller speak (`pyproject_hooks`) to ``account``.

    It is the last word, in the temporary folder of this process, and nobody else's yet.
    """
    control = Path(command[-1])
    if control.parent == Path(tempfile.gettempdir()) and control.is_dir():
        for each in (*control.iterdir(), control):
            os.chown(each, *account.owner, follow_symlinks=False)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
