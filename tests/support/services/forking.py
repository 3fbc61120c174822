"""Python programs without their imports: a process that has made them forks one for each order.

It is the same program: the same words, environment, folder and descriptors, in a process of its
own that can be killed. What installations may change meanwhile is as the interpreter finds it
when it starts: `site` runs anew in each, nothing that a ``.pth`` brought is there before, and
where a file that was imported ahead is another one now, the program starts cold.

Run as a program, in the interpreter whose programs it is to start: ``argv[1]`` is the socket
from which it takes orders, and the rest are modules to import ahead; of ``module:function`` the
function is called as well, which remembers its answer.
"""

from __future__ import annotations

import builtins
import gc
import json
import os
import runpy
import signal
import site
import socket
import sys
import time
import warnings
from dataclasses import dataclass
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

__all__ = ["MOST_BYTES", "Order"]

MOST_BYTES = 1 << 17
"""Of an order: what a socket takes in one message."""

_OF_THE_INTERPRETER = {"_frozen_importlib", "_frozen_importlib_external"}


class Order(TypedDict):
    """What to run: the words behind the interpreter, environment, and current folder.

    Three descriptors come with it: where its end is told, its stdout and its stderr.
    """

    is_strict: bool
    """Whether each warning is an error: ``-W error`` stands in front of the words."""

    words: list[str]
    environ: dict[str, str]
    folder: str


@dataclass(frozen=True, kw_only=True)
class _Start:
    """What an interpreter has before `site` looks at what is installed."""

    path: list[str]
    by_pth: list[str]
    """Modules that came by a ``.pth``, or with its own ``sitecustomize``."""

    @classmethod
    def found(cls) -> _Start:
        """Return that of this one, which has imported nothing else."""
        packages = tuple(site.getsitepackages())
        files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
        return cls(
            path=list(takewhile(lambda entry: entry not in packages, sys.path)),
            by_pth=[name for name, file in files.items() if (file or "").startswith(packages)],
        )

    def again(self) -> None:
        """Look anew at what is installed, as an interpreter that starts."""
        sys.path[:] = self.path
        sys.path_hooks[2:] = []
        sys.meta_path[:] = [f for f in sys.meta_path if _module_of(f) in _OF_THE_INTERPRETER]
        sys.path_importer_cache.clear()
        for name in self.by_pth:
            sys.modules.pop(name, None)
        site.main()


def _module_of(finder: Any) -> str:
    return str(getattr(finder, "__module__", ""))


def _files() -> dict[str, tuple[int, ...]]:
    """Return the files that were imported, and how each is known again."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return {file: _known_by(file) for file in files if file}


def _known_by(file: str) -> tuple[int, ...]:
    try:
        found = os.stat(file)  # noqa: PTH116 (hundreds, each time)
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _take_orders(orders: socket.socket) -> Order | None:
    """Return what to run, in the process that is to run it; None: nobody orders any more."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, MOST_BYTES, 3)
        if not message:
            return None
        tells, says, complains = descriptors
        if os.fork() == 0:
            orders.close()
            _run_beside(tells, says, complains)
            os.close(tells)
            os.dup2(says, 1)
            os.dup2(complains, 2)
            os.close(says)
            os.close(complains)
            order: Order = json.loads(message)
            return order
        for descriptor in descriptors:
            os.close(descriptor)


def _run_beside(tells: int, *others: int) -> None:
    """Return in a child; stay here until it has ended, and tell how."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        return
    for descriptor in others:
        os.close(descriptor)
    os.write(tells, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(tells, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _make_ready(order: Order, start: _Start) -> None:
    """Make this process what the one that runs ``order`` is when it has started."""
    os.environ.clear()
    os.environ.update(order["environ"])
    time.tzset()
    os.chdir(order["folder"])
    if order["is_strict"]:
        sys.warnoptions.append("error")
        warnings.simplefilter("error")
    start.again()


def _begin_cold(order: Order) -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    options = ["-W", "error"] if order["is_strict"] else []
    words = [sys.executable, *options, *order["words"]]
    os.chdir(order["folder"])
    os.execve(sys.executable, words, order["environ"])  # noqa: S606 (no shell is meant)


def _run(words: list[str]) -> int:
    """Run ``words`` as the interpreter does that has them behind its options."""
    first, *rest = words
    if first == "-m":
        sys.path.insert(0, str(Path.cwd()))
        sys.argv[:] = ["-m", *rest[1:]]
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return 0
    main = sys.modules["__main__"] = ModuleType("__main__")
    own: dict[str, Any] = main.__dict__
    own.update(__builtins__=builtins, __annotations__={})
    if first == "-c":
        sys.path.insert(0, "")
        sys.argv[:] = ["-c", *rest[1:]]
        name, source = "<string>", rest[0].encode("utf-8", "surrogateescape")
    else:
        sys.path.insert(0, str(Path(first).resolve().parent))
        sys.argv[:] = words
        name = own["__file__"] = str(Path(first).absolute())
        own["__cached__"] = None
        source = Path(name).read_bytes()
    try:
        exec(compile(source, name, "exec", dont_inherit=True), own)  # noqa: S102 (the program)
    except Exception as error:  # noqa: BLE001 (it says it as the interpreter would)
        trace = error.__traceback__
        of_the_program = error.with_traceback(trace.tb_next if trace else None)
        sys.excepthook(type(error), of_the_program, of_the_program.__traceback__)
        return 1
    return 0


def _main() -> int:
    start = _Start.found()
    gc.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, _, function in (words.partition(":") for words in sys.argv[2:]):
            module = import_module(name)
            if function:
                getattr(module, function)()
    files = _files()
    gc.freeze()
    gc.enable()
    # nobody waits for those who wait
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    order = _take_orders(socket.socket(fileno=int(sys.argv[1])))
    if order is None:
        return 0
    if any(_known_by(file) != known for file, known in files.items()):
        _begin_cold(order)
    _make_ready(order, start)
    return _run(order["words"])


if __name__ == "__main__":
    sys.exit(_main())
