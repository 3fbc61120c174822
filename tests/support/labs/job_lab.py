"""A plain virtual environment with a module to run, and a sink that can be waited for."""

from __future__ import annotations

import asyncio
import json
import os
import sysconfig
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.material.open_doors import anybody
from support.session.limits import LIMIT_S

from park.runtime.codec import encode_call
from park_server.jobs.engines.cages import Cages
from park_server.jobs.engines.engine import AttemptExit, StartOrder
from park_server.jobs.engines.isolation import UNTRIED, Isolations
from park_server.jobs.engines.local import LocalEngine, LocalEngineSettings
from park_server.trust.policy import JobRules

LAB_MODULE = '''
"""What jobs of the tests run."""

import os, signal, subprocess, sys, threading, time

def add(a, b=1):
    return a + b

def greet():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    with open("left.txt", "w") as file:
        file.write("a file of the job")

def fail():
    raise ValueError("no such layer\\nsecond line")

def leave(code):
    sys.exit(code)

def drop_dead(code):
    os._exit(code)

def kill_itself(number):
    os.kill(os.getpid(), number)

def unserialisable():
    return threading.Lock()

def not_a_function_result():
    return object()

def eat(megabytes):
    return len(bytearray(megabytes * 2**20))

def pid():
    return os.getpid()

def process():
    return {"pid": os.getpid(), "sid": os.getsid(0), "pgid": os.getpgid(0), "ppid": os.getppid(),
            "cwd": os.getcwd(), "stdin": sys.stdin.read(), "argv": sys.argv}

def environment(*names):
    return {name: os.environ.get(name) for name in names}

def read(path):
    with open(path) as file:
        return file.read()

def report(n):
    import park
    for i in range(n):
        park.progress(i + 1, n, chisq=float("nan") if i else 1.5)
    return str(park.job_directory())

def wait_for(path):
    """Report the pid through one named pipe, then wait for a line from another."""
    with open(path + ".up", "w") as file:
        file.write(str(os.getpid()))
    with open(path) as file:
        return file.readline().strip()

def stubborn(path):
    """Ignore SIGTERM, have children that do, report their pids and wait for ever."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    argv = [sys.executable, "-c", code + "print(flush=True); signal.pause()"]
    children = [subprocess.Popen(argv, stdout=subprocess.PIPE, process_group=group)
                for group in (None, 0)]
    for child in children:
        child.stdout.readline()
    with open(path, "w") as file:
        file.write(" ".join(str(p) for p in [os.getpid(), *(c.pid for c in children)]))
    while True:
        signal.pause()

def orphan():
    """Leave a child running."""
    return subprocess.Popen(["sleep", "1000"]).pid

def daemon(path=None, dies=False):
    """Leave a process that forked twice and began a session of its own; return its pid."""
    theirs, ours = os.pipe()
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            os.write(ours, str(os.getpid()).encode())
            while True:
                signal.pause()
        os._exit(0)
    pid = int(os.read(theirs, 20))
    if dies:
        print(pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if path is not None:
        with open(path, "w") as file:
            file.write(f"{os.getpid()} {pid}")
        signal.pause()
    return pid

def late():
    """Return while a thread still works, and an exit handler waits."""
    import atexit
    event = threading.Event()
    def work():
        event.wait()
        print("thread done")
    threading.Thread(target=work).start()
    atexit.register(lambda: print("exit handler"))
    threading.Timer(0.01, event.set).start()
    return "returned"

async def coroutine():
    return "awaited"

class Thing:
    def __init__(self, value):
        self.value = value
    def double(self):
        return 2 * self.value
    @staticmethod
    def static(value):
        return value + 1

def make_thing():
    return Thing(21)

def use_thing(thing):
    return thing.double()
'''

_OTHER_MODULES = {
    "lab_broken.py": "import lab_absent\n",
    "lab_exits.py": "import os\nos._exit(7)\n",
    "lab_threads.py": (
        "import threading\nforever = threading.Event()\n"
        "threading.Thread(target=forever.wait, daemon=True, name='helper').start()\n"
        "def which():\n    import os\n    return threading.active_count()\n"
    ),
    "lab_native.py": (
        "import ctypes\nlibc = ctypes.CDLL(None)\nthread = ctypes.c_ulong()\n"
        "libc.pthread_create(ctypes.byref(thread), None, libc.pause, None)\n"
        "def which():\n    import os\n    return len(os.listdir('/proc/self/task'))\n"
    ),
    "lab_handlers.py": (
        "import atexit, signal\n"
        "signal.signal(signal.SIGUSR1, lambda *_: None)\n"
        "atexit.register(print, 'cleaned up what the fork server still uses')\n"
        "def handler():\n    return signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL\n"
    ),
}


def make_environment(folder: Path) -> Path:
    """Make a virtual environment that has the modules of this lab."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    base = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", vars=base))
    (site / "lab.py").write_text(LAB_MODULE)
    for name, source in _OTHER_MODULES.items():
        (site / name).write_text(source)
    return folder


@dataclass
class Recorder:
    """A `Sink` whose events can be awaited."""

    started: dict[str, asyncio.Future[int]] = field(default_factory=dict)
    ended: dict[str, asyncio.Future[AttemptExit]] = field(default_factory=dict)
    marked: dict[str, asyncio.Future[int]] = field(default_factory=dict)
    begun: dict[tuple[str, int], float] = field(default_factory=dict)

    def _future(self, futures: dict[str, asyncio.Future[Any]], job: str) -> asyncio.Future[Any]:
        if job not in futures:
            futures[job] = asyncio.get_running_loop().create_future()
        return futures[job]

    def on_started(self, job: str, attempt: int, pid: int) -> None:
        assert attempt >= 1
        future = self._future(self.started, job)
        if not future.done():  # a job that is found again is told again
            future.set_result(pid)

    def on_begun(self, job: str, attempt: int, since: float) -> None:
        assert attempt >= 1
        assert self.begun.setdefault((job, attempt), since) == since, "begun a second time"

    def on_marked(self, job: str, attempt: int) -> None:
        self._future(self.marked, job).set_result(attempt)

    def on_exited(self, ended: AttemptExit) -> None:
        future = self._future(self.ended, ended.job_id)
        assert not future.done(), f"a second end: {ended}"
        future.set_result(ended)

    async def start_of(self, job: str) -> int:
        """Wait until ``job`` has a process; return its pid."""
        async with asyncio.timeout(LIMIT_S):
            return int(await asyncio.shield(self._future(self.started, job)))

    async def exit_of(self, job: str) -> AttemptExit:
        """Wait until ``job`` has ended."""
        async with asyncio.timeout(LIMIT_S):
            ended: AttemptExit = await asyncio.shield(self._future(self.ended, job))
            return ended


def cages_of_operator(home: Path, isolations: Isolations | None = None) -> Cages:
    """Return the cages of a service of one person, on a machine that keeps nothing apart."""
    return Cages(
        home=home,
        isolations=isolations or Isolations(own=UNTRIED),
        accounts=None,
        rules=JobRules,
        is_operator=anybody,
    )


class JobLab:
    """Job folders and orders below one home."""

    def __init__(self, home: Path, environment: Path) -> None:
        self.home = home
        self.environment = environment
        self.sink = Recorder()
        self._numbers = iter(range(1, 10_000))

    def engine(self, **settings: Any) -> LocalEngine:
        """Return a new engine on this home, for orders that this lab's newest sink hears of."""
        self.sink = Recorder()
        cages = cages_of_operator(self.home)
        return LocalEngine(home=self.home, cages=cages, settings=LocalEngineSettings(**settings))

    def order(self, entry_point: str, *args: Any, **changes: Any) -> StartOrder:
        """Return an order whose folder is ready."""
        job = f"job-{next(self._numbers)}"
        folder = self.home / "jobs" / job
        folder.mkdir(parents=True)
        call = encode_call(args, {}, set_hash="set")
        (folder / "call.json").write_text(json.dumps(call))
        order: dict[str, Any] = {
            "job_id": job,
            "attempt": 1,
            "directory": folder,
            "environment": self.environment,
            "lock_hash": "lock",
            "entry_point": entry_point,
            "set_hash": "set",
        }
        return StartOrder(**order | changes)

    async def run(self, engine: LocalEngine, order: StartOrder) -> AttemptExit:
        """Start ``order`` and wait for its end."""
        await engine.start(order, self.sink)
        return await self.sink.exit_of(order.job_id)


def is_running(pid: int) -> bool:
    """Tell whether ``pid`` is a process that has not ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class Fifo:
    """A named pipe between a test and its job. It never blocks: this end both reads and writes."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    async def read(self) -> str:
        """Wait for what the job writes."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._descriptor, readable.set)
        try:
            async with asyncio.timeout(LIMIT_S):
                await readable.wait()
        finally:
            loop.remove_reader(self._descriptor)
        return os.read(self._descriptor, 4096).decode()

    def write(self, text: str) -> None:
        """Send the job a line."""
        os.write(self._descriptor, f"{text}\n".encode())

    def close(self) -> None:
        """Close this end."""
        os.close(self._descriptor)
