"""A new environment whose wheels are in the store, beside ``uv venv`` and ``uv pip sync``.

The set is that of refl1d 1.0.1 for this interpreter. Both sides start from what they keep:
the wheel store, and uv's cache of unpacked wheels.
"""

from __future__ import annotations

import os
import resource
import stat
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import uv
from packaging.pylock import Package, PackageWheel, Pylock
from packaging.utils import parse_wheel_filename
from packaging.version import Version

import park.runtime
from benchmarks.env_service import edit_loop, request_to_ready, thousand
from benchmarks.harness.timing import command, compared, seconds
from park.digests import file_sha256
from park.local.python_minor import python_minor
from park.runtime.view import VIEW, enter_command
from park_repo import durable as disk
from park_repo.wheelstore.store import WheelStore
from park_server.envs.environment import MANIFEST, Layout
from park_server.envs.interpreters import Interpreter, discover, interpreter_for
from park_server.envs.pylock import LockedWheel, load, normalise, select
from park_server.envs.realisation import Environments
from park_server.envs.wheel_download import Downloader

ROUNDS = 7
LIMIT = 15.0
"""At least so many times faster than uv."""

SET = "refl1d==1.0.1"
MODULE = "refl1d.names"


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the figures of environments, each beside its yardstick of the same run."""
    rounds = rounds or ROUNDS
    with TemporaryDirectory(prefix="park-bench-") as folder:
        ours, theirs = _Ours(Path(folder)), _Theirs(Path(folder))
        ours.fetch()
        ours.move()
        theirs.make()
        first = _first(ours, theirs)
        figures = compared(rounds, ours.make, theirs.make, before=ours.move)
        return {
            "load_average": os.getloadavg()[0],
            "set": SET,
            "wheels": ours.wheels,
            "yardstick": "uv venv + uv pip sync, warm cache, no bytecode",
            **figures,
            "limit_yardstick_over_ours": LIMIT,
            "holds": figures["yardstick_over_ours"] >= LIMIT,
            "entered": _entered(ours, rounds),
            "hard_links": _hard_links(ours, theirs, rounds),
            "bare_loop": _bare_loop(ours, Path(folder), rounds),
            "request_to_ready": request_to_ready(rounds),
            "import": {
                "module": MODULE,
                "ours": _imports(ours.make_anew, rounds=3),
                "yardstick": _imports(theirs.make, rounds=3),
            },
            "first_realisation": first,
            "ten_environments": _ten(ours, Path(folder)),
            "edit_loop": edit_loop(rounds),
            "thousand_environments": thousand(),
        }


def _first(ours: _Ours, theirs: _Theirs) -> dict[str, Any]:
    """Return the time to the first environment, from wheels at hand and an empty store."""
    began = _cpu_seconds()
    usable = seconds(ours.make)
    compiled = usable + seconds(ours.compile)
    between = _cpu_seconds()
    yardstick = seconds(lambda: theirs.make("--compile-bytecode"))
    processor = between - began, _cpu_seconds() - between
    return {
        "yardstick": "uv venv + uv pip sync --compile-bytecode, warm cache",
        "usable_seconds": round(usable, 2),
        "compiled_seconds": round(compiled, 2),
        "yardstick_seconds": round(yardstick, 2),
        "compiled_over_yardstick": round(compiled / yardstick, 2),
        # on a busy machine the clock tells who was lucky, the processor who worked
        "processor_seconds": round(processor[0], 2),
        "yardstick_processor_seconds": round(processor[1], 2),
        "limit_compiled_over_yardstick": 1.3,
        "holds": compiled <= 1.3 * yardstick,
    }


def _entered(ours: _Ours, rounds: int) -> dict[str, Any]:
    """Return what it costs that an interpreter begins in a view: two mounts more, or so."""
    environment = ours.make_anew()
    python = str(environment / "bin" / "python")
    program = os.path.join(park.runtime.__path__[0], "__main__.py")  # noqa: PTH118 (a string)
    enter = enter_command(python, program, str(environment), [], strict=True)
    start = [python, "-I", "-B", "-c", "pass"]
    return {
        "yardstick": "the same interpreter without a view",
        **compared(rounds, command([*enter, *start]), command(start)),
        "overlays": len((environment / VIEW).read_bytes().splitlines()),
    }


def _hard_links(ours: _Ours, theirs: _Theirs, rounds: int) -> dict[str, Any]:
    """Return the figures of environments where overlays are not permitted."""
    linked = replace(ours, layout=Layout.HARD_LINKS)
    linked.move()
    figures = compared(rounds, linked.make, theirs.make, before=linked.move)
    return {
        "yardstick": "uv venv + uv pip sync, warm cache, no bytecode",
        **figures,
        "limit_yardstick_over_ours": 1.0,
        "holds": figures["yardstick_over_ours"] >= 1.0,
        "accepted_seconds": round(seconds(linked.verify), 3),
        "own_bytes": linked.own_bytes(),
    }


def _cpu_seconds() -> float:
    """Return the processor time of this process and of the children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _bare_loop(ours: _Ours, folder: Path, rounds: int) -> dict[str, Any]:
    """Compare with a loop that makes the same folders, links and files, and nothing else.

    With the same modes, and as durable as ours: one file is written through, which on a
    journaling file system brings along all that was made before it, then the folder that
    names the whole.
    """
    made = ours.make_anew()
    steps = _steps(made)
    numbers = count()

    def loop() -> None:
        _replay(steps, folder / f"bare-{next(numbers)}")

    figures = compared(rounds, ours.make, loop, before=ours.move)
    return {
        "yardstick": "the same folders, links and files with their modes; fsync as ours",
        **figures,
        "limit_yardstick_over_ours": 0.5,
        "holds": figures["yardstick_over_ours"] >= 0.5,
    }


def _steps(root: Path) -> list[tuple[str, str | bytes | None, int]]:
    """Return what is in ``root``: a path, its target, content, or None for a folder, its mode."""
    found: list[tuple[str, str | bytes | None, int]] = []
    for path in sorted(root.rglob("*")):
        content: str | bytes | None = str(path.readlink()) if path.is_symlink() else None
        if content is None and not path.is_dir():
            content = path.read_bytes()
        mode = stat.S_IMODE(path.lstat().st_mode)
        found.append((str(path.relative_to(root)), content, mode))
    # last, as with us: an fsync brings along what was made before
    return sorted(found, key=lambda step: step[0] == MANIFEST)


def _replay(steps: list[tuple[str, str | bytes | None, int]], root: Path) -> None:
    os.mkdir(root)  # noqa: PTH102 (bare: no Path for each)
    for name, content, mode in steps:
        if content is None:
            os.mkdir(f"{root}/{name}")  # noqa: PTH102
        elif isinstance(content, str):
            os.symlink(content, f"{root}/{name}")  # noqa: PTH211
        else:
            descriptor = os.open(f"{root}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            os.write(descriptor, content)
            if name == MANIFEST:
                _close_folders(steps, root)
                os.fsync(descriptor)
            os.close(descriptor)
    disk.sync_directory(root.parent)


def _close_folders(steps: list[tuple[str, str | bytes | None, int]], root: Path) -> None:
    """Take the write permission from the folders, as no other file needs it any more."""
    for name, content, mode in steps:
        if content is None:
            os.chmod(f"{root}/{name}", mode)  # noqa: PTH101


def _ten(ours: _Ours, folder: Path) -> dict[str, Any]:
    """Return what nine more environments take that differ in one small wheel."""
    ours.make_anew()
    before = _disk_bytes(ours.home)
    for number in range(9):
        ours.make_with(_small_wheel(folder, f"1.{number}"))
    more = _disk_bytes(ours.home) - before
    return {"more_bytes": more, "limit_bytes": 10_000_000, "holds": more < 10_000_000}


def _small_wheel(folder: Path, version: str) -> Path:
    path = folder / f"small-{version}-py3-none-any.whl"
    info = f"small-{version}.dist-info"
    members = {
        "small.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: small\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*members, f"{info}/RECORD"])
    with ZipFile(path, "w") as archive:
        for name, text in [*members.items(), (f"{info}/RECORD", record)]:
            archive.writestr(name, text)
    return path


def _disk_bytes(root: Path) -> int:
    return sum(512 * path.lstat().st_blocks for path in root.rglob("*"))


def _imports(make: Callable[[], Path], *, rounds: int) -> dict[str, float]:
    """Return how long the first and the second import in a new environment take."""
    first, second = [], []
    for _ in range(rounds):
        action = command([make() / "bin" / "python", "-c", f"import {MODULE}"], _without_cache())
        first.append(seconds(action))
        second.append(seconds(action))
    medians = statistics.median(first), statistics.median(second)
    return {
        "first_seconds": round(medians[0], 3),
        "second_seconds": round(medians[1], 3),
        "first_over_second": round(medians[0] / medians[1], 2),
    }


def _without_cache() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@dataclass
class _Ours:
    """Environments of the set, each in a home of its own on one wheel store.

    Nothing is removed between rounds: for a minute ext4 does not give out an inode that was
    freed, and steps over thousands of them cost more than the links.
    """

    folder: Path
    layout: Layout = Layout.OVERLAY
    _homes: count[int] = field(default_factory=count)

    @cached_property
    def _lock(self) -> tuple[Pylock, Interpreter]:
        minor = python_minor()
        interpreter = interpreter_for(discover(), minor)
        return normalise(load(_locked(self.folder, interpreter).encode()), interpreter), interpreter

    @cached_property
    def _downloads(self) -> Downloader:
        return Downloader(self.folder / "wheels")

    @property
    def home(self) -> Path:
        """What all homes and the store are in."""
        return self.folder / "homes"

    @property
    def wheels(self) -> int:
        """How many wheels the set has."""
        return len(select(*self._lock).wheels)

    def fetch(self) -> None:
        """Fetch the wheels, which is never measured."""
        for wheel in select(*self._lock).wheels:
            self._downloads.fetch(wheel)

    def move(self) -> None:
        """Go on in a new home, whose template of the interpreter is there."""
        home = self.home / str(next(self._homes))
        self._environments = Environments(home, WheelStore(self.home / "store"), layout=self.layout)
        empty = Pylock(lock_version=Version("1.0"), created_by="bench", packages=[])
        self._environments.realise(empty, self._lock[1], fetch=self._downloads.fetch)

    def make(self) -> Path:
        """Realise the environment, durably."""
        return self._environments.realise(*self._lock, fetch=self._downloads.fetch).path

    def verify(self) -> None:
        """Compare all files of the last environment with their stamps."""
        (name,) = [each for each in self._environments.list() if each.packages]
        self._environments.verify(name.lock_hash)

    def own_bytes(self) -> int:
        """Return what the last environment takes beside the store."""
        return max(each.size_own for each in self._environments.list())

    def compile(self) -> None:
        """Give the environment its bytecode."""
        environment = self._environments.realise(*self._lock, fetch=self._downloads.fetch)
        self._environments.compile(environment, self._lock[1])

    def make_with(self, wheel: Path) -> None:
        """Realise the set with one more wheel, bytecode included."""
        lock, interpreter = self._lock
        name, version, _, _ = parse_wheel_filename(wheel.name)
        sha256 = file_sha256(wheel)
        own = PackageWheel(name=wheel.name, path=wheel.name, hashes={"sha256": sha256})
        package = Package(name=name, version=version, wheels=[own])
        larger = replace(lock, packages=[*lock.packages, package])

        def fetch(locked: LockedWheel, received: Callable[[int], object]) -> Path:
            return wheel if locked.name == name else self._downloads.fetch(locked, received)

        made = self._environments.realise(larger, interpreter, fetch=fetch)
        self._environments.compile(made, interpreter)

    def make_anew(self) -> Path:
        """Realise the environment in a new home."""
        self.move()
        return self.make()


@dataclass(frozen=True)
class _Theirs:
    folder: Path
    _numbers: count[int] = field(default_factory=count)

    def make(self, *options: str) -> Path:
        """Make a new environment with uv, from its cache."""
        path = self.folder / f"uv-{next(self._numbers)}"
        lock = self.folder / "pylock.toml"
        python = str(path / "bin" / "python")
        command([uv.find_uv_bin(), "venv", "--quiet", "--python", sys.executable, path])()
        command([uv.find_uv_bin(), "pip", "sync", "--quiet", *options, "--python", python, lock])()
        return path


def _locked(folder: Path, interpreter: Interpreter) -> str:
    """Resolve the set with uv, straight from the machine's index."""
    requirements, lock = folder / "requirements.in", folder / "pylock.toml"
    requirements.write_text(f"{SET}\n")
    what: list[str | Path] = ["pip", "compile", requirements, "--format", "pylock.toml", "-o", lock]
    where = ["--python", str(interpreter.executable), "--only-binary", ":all:", "--quiet"]
    command([uv.find_uv_bin(), *what, *where])()
    return lock.read_text()
