"""Somebody who reads a page and does what it says: a shell, a session of Python, a home."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from support.material.page_outputs import here, not_found
from support.material.page_steps import Cell, Named, NotRun, Typed, Written, steps_of
from support.neighbours.ports import free_port
from support.services.park_service import end_survivors
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.material.page_steps import Step

__all__ = ["Reader", "scratch_home"]

_END = "-- that was the status:"

_SESSION = """
import __main__, json, linecache, os, sys, traceback
channel = os.fdopen(os.dup(0))
answers = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)
for line in channel:
    name, code = json.loads(line)
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    try:
        exec(compile(code, name, "exec"), __main__.__dict__)
    except BaseException:
        answer = traceback.format_exc()
    else:
        answer = ""
    sys.stdout.flush()
    print(json.dumps(answer), file=answers, flush=True)
"""
"""Runs cells, each a name and its code on a line; answers each with its traceback, or nothing."""

_FAILS = re.compile(r"error: |errors\.\w+: |^Traceback|\"status\": \"failed\"| cause: ")
"""What a page shows of a command whose exit status is not 0."""

_SERVE = re.compile(r"(?:\S*/)?park serve\b(?!.*--sample)")


def scratch_home(folder: Path) -> Path:
    """Make a home with nothing in it but what this machine knows about packages."""
    for kept in (".config/pip", ".config/uv", ".cache/uv", ".cache/pip"):
        if (Path.home() / kept).exists():
            (folder / kept).parent.mkdir(parents=True, exist_ok=True)
            (folder / kept).symlink_to(Path.home() / kept)
    return folder


class Reader:
    """One reader of one page, in ``folder``; ``names`` is what words of the page stand for here.

    A context manager: at its end, all that was started is ended.
    """

    def __init__(
        self, folder: Path, python: Path, environ: Mapping[str, str], names: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self._python = python
        path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
        # a page has each message on a line, however wide the terminal is
        self._environ = {**environ, "PATH": path, "UV_NO_WRAP": "1"}
        self._names = dict(names)
        self._shell: subprocess.Popen[bytes] | None = None
        self._session: subprocess.Popen[str] | None = None
        self._status = 0
        self._homes: list[Path] = []
        self.not_run: list[NotRun] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._session, self._shell):
            if process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        for home in self._homes:
            end_survivors(home)

    def follow(self, page: str, *, before: str = "") -> None:
        """Do what ``page`` says, step by step; ``before`` is Python that has been typed before.

        Goes on where a step is not as the page says, and tells of all of them at the end.
        """
        wrong, steps = [], list(steps_of(page))
        if before and any(isinstance(step, Cell) for step in steps):
            steps.insert(0, Cell(0, before))
        for step in steps:
            try:
                self._do(step)
            except AssertionError as error:
                wrong.append(str(error))
        assert not wrong, "\n\n".join([f"{len(wrong)} steps are not as the page says", *wrong])

    def _do(self, step: Step) -> None:
        match step:
            case Typed():
                self._type(step)
            case Cell():
                said = self._cell(step)
                assert not said, f"line {step.line}\n{step.code}\n{said}"
            case Written():
                file = self._current() / step.path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(here(step.content, self._names))
            case Named():
                status, said = self._run(here(step.command, self._names))
                assert status == 0, f"line {step.line}: {step.command}\n{said}"
                self._names[step.name] = said.split()[-1]
            case NotRun():
                self.not_run.append(step)

    def _type(self, step: Typed) -> None:
        command = here(step.command, self._names)
        shown = [here(line, self._names) for line in step.shown or ()]
        fails = any(_FAILS.search(line) for line in shown)
        serves = _SERVE.search(command) is not None and not fails
        if serves:
            command = self._in_background(command)
            shown = [here(line, self._names) for line in step.shown or ()]
        status, said = self._run(command)
        told = f"line {step.line}: {command}\nexit status {status}\n{said}"
        if serves and status:  # what comes next may wait for it
            raise ChildProcessError(told)
        assert (status != 0) == fails or step.command.startswith("echo $?"), told
        missing = not_found(shown, said, self._names)
        assert missing is None, f"the page shows, and nothing printed\n    {missing}\n{told}"

    def _in_background(self, command: str) -> str:
        """Return a command that serves, and goes on once it does."""
        words = shlex.split(command.rstrip("& ").partition("#")[0])
        port = words[words.index("--port") + 1] if "--port" in words else "8750"
        if port != "0":
            page = f"http://127.0.0.1:{port}"
            url = self._names.setdefault(page, f"http://127.0.0.1:{free_port()}")
            words += ["--port", url.rpartition(":")[2]]
        if "--ready-file" not in words:
            words += ["--ready-file", "ready.json"]
        ready = words[words.index("--ready-file") + 1]
        home = words[words.index("--home") + 1]
        home = home.replace("~", str(self.folder)).replace("$PWD", str(self._current()))
        self._homes.append(Path(home))
        line = " ".join(each if each[0] in "~$" else shlex.quote(each) for each in words)
        return (
            f"rm -f {ready}; {line} > serve.log 2>&1 &\n"
            f"until [ -e {ready} ]; do kill -0 $! || break; sleep 0.1; done\n"
            f"cat serve.log; [ -e {ready} ]"
        )

    def _current(self) -> Path:
        """Return the folder in which the shell is."""
        return (
            self.folder if self._shell is None else Path(f"/proc/{self._shell.pid}/cwd").resolve()
        )

    def _run(self, command: str) -> tuple[int, str]:
        """Have the shell run ``command``; return its exit status, and what it printed."""
        if self._shell is None:
            self._shell = subprocess.Popen(
                ["bash", "--norc", "-o", "pipefail"], stdin=subprocess.PIPE, bufsize=0,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self._environ,
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        # as if what is typed next came right behind it
        ended = f"printf '\\n%s %s\\n' '{_END}' $?"
        typed = f"(exit {self._status})\n{{ {command}\n}} < /dev/null; {ended}\n"
        self._shell.stdin.write(typed.encode())
        end, said = time.monotonic() + LIMIT_S, b""
        while (_END + " ").encode() not in said or not said.endswith(b"\n"):
            ready, _, _ = select.select(
                [self._shell.stdout], [], [], max(end - time.monotonic(), 0)
            )
            more = os.read(self._shell.stdout.fileno(), 1 << 16) if ready else b""
            if not more:  # what comes later would be taken for what the next command prints
                raise TimeoutError(f"{command}\nhas no end:\n{said.decode(errors='replace')}")
            said += more
        text, _, status = said.decode(errors="replace").rpartition(_END)
        self._status = int(status)
        return self._status, text

    def _cell(self, step: Cell) -> str:
        """Run a cell in the session; return its traceback, or nothing."""
        if self._session is None:
            self._session = subprocess.Popen(
                [self._python, "-c", _SESSION], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True, env=self._environ, cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        assert self._session.stdin is not None
        assert self._session.stdout is not None
        code = here(step.code, self._names)
        self._session.stdin.write(json.dumps([f"<line {step.line}>", code]) + "\n")
        self._session.stdin.flush()
        ready, _, _ = select.select([self._session.stdout], [], [], LIMIT_S)
        answer = self._session.stdout.readline() if ready else ""
        if not answer:
            raise TimeoutError(f"line {step.line}: no answer to\n{code}")
        return str(json.loads(answer))
