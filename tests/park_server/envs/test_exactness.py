"""What runs in an environment finds there what it would find in one of pip's."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.ordinary_user import (
    as_ordinary_user,
    folder_of_ordinary_user,
    give_to_ordinary_user,
)
from support.labs.environment_lab import fetch_from, lock_of, own_interpreter, run_python
from support.labs.job_lab import JobLab
from support.material.climbing import FOUND, climbing_wheels

import park.runtime
from park.errors import EnvironmentMismatch
from park.model.lock_hash import LockHash
from park.runtime.codec import decode
from park.runtime.view import enter, enter_command
from park_repo.wheelstore.store import WheelStore
from park_server.envs.environment import Environment, Layout
from park_server.envs.interpreters import Interpreter, query
from park_server.envs.overlay_trial import permitted_layout
from park_server.envs.realisation import Environments

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="libraries that climb are made by gcc"),
    pytest.mark.where_possible,  # not every machine permits overlays, or has what nobody may start
]

INTERPRETER = own_interpreter()
_PR_SET_DUMPABLE = 4
PROGRAM = f"{park.runtime.__path__[0]}/__main__.py"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Give a home that an ordinary user may have."""
    with folder_of_ordinary_user() as folder:
        yield folder


@pytest.fixture(scope="module")
def wheels(home: Path) -> list[Path]:
    return climbing_wheels(home / "wheels", python=INTERPRETER.target.python)


def made(
    home: Path,
    wheels: list[Path],
    layout: Layout,
    busy: Callable[[], Collection[LockHash]] = tuple,
) -> tuple[Environments, Environment]:
    store = WheelStore(home / layout / "store")
    environments = Environments(home / layout, store, layout=layout, busy=busy)
    lock, fetch = lock_of(wheels), fetch_from(wheels)
    environment = environments.realise(lock, INTERPRETER, fetch=fetch)
    assert environment.layout is layout
    assert environments.verify(environment.lock_hash) == environment
    return environments, environment


@pytest.fixture(scope="module")
def overlaid(home: Path, wheels: list[Path]) -> Environment:
    if permitted_layout(home)[0] is not Layout.OVERLAY:
        pytest.skip("this machine permits no overlay mounts")
    return made(home, wheels, Layout.OVERLAY)[1]


@pytest.fixture(scope="module")
def linked(home: Path, wheels: list[Path]) -> Environment:
    return made(home, wheels, Layout.HARD_LINKS)[1]


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("layout", list(Layout))
def test_a_job_finds_all_by_climbing(
    request: pytest.FixtureRequest, tmp_path: Path, layout: Layout, *, fresh: bool
) -> None:
    fixture = {Layout.OVERLAY: "overlaid", Layout.HARD_LINKS: "linked"}[layout]
    environment: Environment = request.getfixturevalue(fixture)
    assert result_of(JobLab(tmp_path / "home", environment.path), "attic:report", fresh) == FOUND


def result_of(lab: JobLab, entry_point: str, fresh: bool) -> Any:  # noqa: FBT001 (passed through)
    async def test() -> Any:
        engine = lab.engine()
        try:
            ended = await lab.run(engine, lab.order(entry_point, fresh=fresh))
        finally:
            await engine.shut_down()
        assert ended.outcome is not None, ended
        assert ended.outcome["state"] == "completed", ended
        return decode(ended.outcome["result"], set_hash="set")

    return asyncio.run(test())


def test_a_command_that_enters_finds_all(overlaid: Environment, tmp_path: Path) -> None:
    code = "import attic, json, os; print(json.dumps([attic.report(), os.getcwd()]))"
    done = entered(overlaid, str(overlaid.executable), "-c", code, cwd=tmp_path)
    assert json.loads(done.stdout) == [FOUND, str(tmp_path)], done.stderr


def entered(environment: Environment, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    enter = enter_command(sys.executable, PROGRAM, str(environment.path), [], strict=True)
    return subprocess.run([*enter, *command], cwd=cwd, capture_output=True, text=True, check=False)


_BEFORE_AND_AFTER = """
import json, os, sys
sys.stdout.write("began\\n")
sys.stdout.flush()
sys.stdin.readline()  # until it was repaired
import attic
print(json.dumps([attic.report(), os.path.realpath(attic.__file__)]))
"""


@pytest.mark.parametrize("what", ["environment", "wheel"])
@pytest.mark.parametrize("layout", list(Layout))
def test_what_runs_goes_on_to_find_all_while_its_environment_is_repaired(
    tmp_path: Path, wheels: list[Path], layout: Layout, what: str
) -> None:
    if layout is Layout.OVERLAY and permitted_layout(tmp_path)[0] is not layout:
        pytest.skip("this machine permits no overlay mounts")
    busy: set[LockHash] = set()
    environments, environment = made(tmp_path, wheels, layout, lambda: busy)
    protected = [str(folder) for folder in environments.protected]
    place = str(environment.path)
    running = subprocess.Popen(
        [
            *enter_command(sys.executable, PROGRAM, place, protected, strict=True),
            *(environment.executable, "-I", "-B", "-c", _BEFORE_AND_AFTER),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == "began\n"
        busy.add(environment.lock_hash)
        scribble(environment, what)
        with pytest.raises(EnvironmentMismatch):
            environments.verify(environment.lock_hash, thorough=True)
        again = environments.repair(lock_of(wheels), INTERPRETER, fetch=fetch_from(wheels))
        environments.compile(again, INTERPRETER)  # nobody holds the locks of the entries any more
        environments.remove_unused()
        environments.sweep()
        found, file = json.loads(running.communicate("go on\n")[0])
    assert found == FOUND
    assert file.startswith(f"{os.path.realpath(place)}/lib/")
    # and whoever begins now begins with what is whole
    assert environments.verify(again.lock_hash, thorough=True) == again
    done = entered(again, str(again.executable), "-c", PRINT_REPORT, cwd=tmp_path)
    assert json.loads(done.stdout) == FOUND
    busy.clear()
    assert any(".quarantine-" in name for name in environments.sweep())


def scribble(environment: Environment, what: str) -> None:
    """Change the environment itself, or a file of a wheel that its programs do not look at."""
    site = next(environment.path.glob("lib/python*/site-packages"))
    if what == "environment":
        site.chmod(0o755)
        (site / "sitecustomize.py").touch()
    else:
        (readable,) = site.glob("attic-*.dist-info/METADATA")
        readable.chmod(0o644)
        readable.write_text("scribbled")


PRINT_REPORT = "import attic, json; print(json.dumps(attic.report()))"


def test_hard_links_need_no_command(linked: Environment) -> None:
    assert json.loads(run_python(linked.executable, PRINT_REPORT)) == FOUND


def test_an_ordinary_user_finds_all_that_needs_no_interpreter_of_root(
    home: Path, overlaid: Environment
) -> None:
    give_to_ordinary_user(home)
    site = next(overlaid.path.glob("lib/python*/site-packages"))
    prefix = os.path.realpath(overlaid.path)

    def look() -> None:
        # a change of user takes /proc/self away from it until the next exec
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
        assert enter(str(overlaid.path), [str(home)]) is None
        assert os.path.realpath(site / "attic/__init__.py").startswith(f"{prefix}/lib")
        assert (site / "attic" / ".." / "basement" / "data.txt").read_text() == "data"
        assert ctypes.CDLL(str(site / "attic/lib/libasking.so")).ask() == FOUND["ELF"]
        for program in (site / "attic/libexec/helper", overlaid.path / "bin/climb"):
            assert os.spawnv(os.P_WAIT, str(program), [str(program)]) == 0  # noqa: S606
        with pytest.raises(OSError, match="Read-only file system"):
            (overlaid.path / "new").touch()

    as_ordinary_user(look)


_AS_USER = """
import asyncio, json, os, sys
from pathlib import Path
from support.labs.job_lab import JobLab
from park.runtime.codec import decode

environment, home = map(Path, sys.argv[1:])
lab = JobLab(home, environment)

async def report(fresh):
    engine = lab.engine()
    ended = await lab.run(engine, lab.order("attic:report", fresh=fresh, read_only=(environment,)))
    await engine.shut_down()
    return decode(ended.outcome["result"], set_hash="set")

print(json.dumps([os.getuid(), *(asyncio.run(report(fresh)) for fresh in (False, True))]))
"""


def test_jobs_of_an_ordinary_user_find_all(home: Path, wheels: list[Path]) -> None:
    python = interpreter_for_everybody()
    environments = Environments(home / "user", WheelStore(home / "user" / "store"))
    lock, fetch = lock_of(wheels), fetch_from(wheels)
    environment = environments.realise(lock, python, fetch=fetch)
    give_to_ordinary_user(home)
    done = subprocess.run(
        [python.executable, "-c", _AS_USER, environment.path, home / "user" / "service"],
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        **NOBODY,
    )
    if "ModuleNotFoundError" in done.stderr:
        pytest.skip("an ordinary user cannot read what the tests import")
    assert done.returncode == 0, done.stderr
    if permitted_layout(home)[0] is not Layout.OVERLAY:
        pytest.skip("this machine permits no overlay mounts")
    assert json.loads(done.stdout) == [NOBODY.get("user", os.getuid()), FOUND, FOUND]


NOBODY: dict[str, Any] = (
    {"user": 65_534, "group": 65_534, "extra_groups": []} if os.geteuid() == 0 else {}
)


def interpreter_for_everybody() -> Interpreter:
    """Return an interpreter of this minor that an ordinary user may start, too."""
    for path in (INTERPRETER.executable, Path("/usr/bin/python3")):
        try:
            subprocess.run([path, "-c", "pass"], check=True, capture_output=True, cwd="/", **NOBODY)
        except (OSError, subprocess.CalledProcessError):
            continue
        found = query(path)
        if found is not None and found.target.python == INTERPRETER.target.python:
            return found
    pytest.skip("an ordinary user has no interpreter of this minor")


def test_the_rest_of_the_machine_sees_links(overlaid: Environment) -> None:
    site = next(overlaid.path.glob("lib/python*/site-packages"))
    assert (site / "attic").is_symlink()
    assert str(overlaid.path) not in Path("/proc/self/mounts").read_text()
