"""`park_server.envs.realisation`: realise, check, verify, repair, survive a kill."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from support.labs.environment_lab import (
    environments_in,
    fetch_from,
    lock_of,
    own_interpreter,
    run_python,
)
from support.material.wheels import make_wheel

from park.errors import CannotSatisfy, EnvironmentMismatch, ServiceFault
from park.model.lock_hash import LockHash
from park.runtime.view import VIEW
from park_server.envs.environment import MANIFEST, Layout
from park_server.envs.farm import farm_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from park_server.envs.environment import Environment
    from park_server.envs.pylock import LockedWheel
    from park_server.envs.realisation import Environments
    from park_server.envs.realise_progress import Progress

INTERPRETER = own_interpreter()

FILES = {
    "demo": {
        "ns/demo/__init__.py": b"VALUE = 1\n",
        "demo-1.0.data/scripts/shout": b"#!python\nimport ns.demo; print(ns.demo.VALUE, '!')\n",
        "demo-1.0.dist-info/entry_points.txt": b"[console_scripts]\nsay = ns.demo.cli:main\n",
        "ns/demo/cli.py": b"def main():\n    print('said')\n",
        "clash.py": b"WHO = 'demo'\n",
        "same.py": b"",
    },
    "other": {
        "ns/other.py": b"VALUE = 2\n",
        "clash.py": b"WHO = 'other'\n",
        "same.py": b"",
    },
}


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    return [make_wheel(tmp_path, name, files=files) for name, files in FILES.items()]


@pytest.fixture(params=list(Layout))
def environments(tmp_path: Path, request: pytest.FixtureRequest) -> Environments:
    return environments_in(tmp_path / "home", request.param)


@pytest.fixture
def realise(environments: Environments, wheels: list[Path]) -> Callable[[], Environment]:
    lock, fetch = lock_of(wheels), fetch_from(wheels)
    return lambda: environments.realise(lock, INTERPRETER, fetch=fetch)


@pytest.fixture
def environment(environments: Environments, realise: Callable[[], Environment]) -> Environment:
    return at_rest(environments, realise())


def at_rest(environments: Environments, environment: Environment) -> Environment:
    """Wait for what is compiled in the background."""
    environments.compile(environment, INTERPRETER)
    return environment


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".locks")


def _scribble(path: Path, content: str) -> None:
    path.parent.chmod(0o755)
    if path.exists():
        path.chmod(0o644)
    path.write_text(content)


def test_programs_run_in_it(environment: Environment) -> None:
    code = "import ns.demo, ns.other, sys; print(ns.demo.VALUE, ns.other.VALUE, sys.prefix)"

    assert run_python(environment.executable, code) == f"1 2 {environment.path}"
    for script, output in (("say", "said\n"), ("shout", "1 !\n")):
        done = subprocess.run(
            [environment.path / "bin" / script], capture_output=True, text=True, check=True
        )
        assert done.stdout == output


def test_its_name_is_the_lock_hash(environments: Environments, environment: Environment) -> None:
    assert environment.path.name == environment.lock_hash
    assert environments.get(environment.lock_hash) == environment
    assert environments.list() == [environment]
    assert environment.versions() == {"demo": "1.0", "other": "1.0"}


def test_it_tells_where_two_wheels_own_one_path(environment: Environment) -> None:
    own = [c for c in environment.conflicts if not c.path.endswith(".pyc")]

    assert [(c.path.rpartition("/")[2], c.owners) for c in own] == [("clash.py", ("demo", "other"))]
    assert run_python(environment.executable, "import clash; print(clash.WHO)") == "other"


def test_bytecode_follows_and_then_nothing_is_writable(
    environments: Environments, environment: Environment
) -> None:
    assert environments.has_bytecode(environment)
    # also where the folder of bytecode is shared, and its links were made ahead
    code = "import clash, os; print(os.path.exists(clash.__cached__))"
    assert run_python(environment.executable, code) == "True"
    code = "import ns.demo as m; print(m.__cached__)"
    cached = Path(run_python(environment.executable, code))
    parents = [p for p in environment.path.rglob("*") if p.is_dir()]

    assert cached.exists()
    assert {p.stat().st_mode & 0o222 for p in [environment.path, *parents]} == {0}


def test_the_runtime_of_a_job_comes_last_on_the_path(
    environment: Environment, tmp_path: Path
) -> None:
    code = "import sys; print(sys.path[-1])"

    assert run_python(environment.executable, code, PARK_RUNTIME=str(tmp_path)) == str(tmp_path)
    assert run_python(environment.executable, code).endswith("site-packages")


def test_the_second_request_makes_nothing(
    realise: Callable[[], Environment], environment: Environment
) -> None:
    inode = environment.path.stat().st_ino

    assert realise() == environment
    assert environment.path.stat().st_ino == inode


def test_a_new_lock_of_known_wheels_fetches_nothing(
    environments: Environments, environment: Environment, wheels: list[Path]
) -> None:
    def refuse(wheel: LockedWheel, _: object) -> NoReturn:
        raise AssertionError(wheel.filename)

    smaller = environments.realise(lock_of(wheels[:1]), INTERPRETER, fetch=refuse)

    assert smaller.lock_hash != environment.lock_hash
    assert run_python(smaller.executable, "import clash; print(clash.WHO)") == "demo"
    # alone in its environment, the namespace package is one link, if there are links
    assert (_site_packages(smaller) / "ns").is_symlink() is (smaller.layout is Layout.OVERLAY)


def test_requests_at_once_build_once(
    environments: Environments, wheels: list[Path], realise: Callable[[], Environment]
) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = {f.result().created for f in [threads.submit(realise) for _ in range(8)]}

    (environment,) = environments.list()
    assert found == {environment.created}
    assert len(wheels) == 2


def test_progress_ends_complete(environments: Environments, wheels: list[Path]) -> None:
    seen: list[Progress] = []

    environment = environments.realise(
        lock_of(wheels), INTERPRETER, fetch=fetch_from(wheels), progress=seen.append
    )
    environments.compile(environment, INTERPRETER, progress=seen.append)

    last = {progress.stage: (progress.done, progress.total) for progress in seen}
    size = sum(wheel.stat().st_size for wheel in wheels)
    assert last["download"] == (size, size)
    assert last["unpack"] == (2, 2)
    assert last["compile"][0] == last["compile"][1] > 0
    assert last["link"][0] == last["link"][1] > 0


def test_check_refuses_an_environment_that_is_not_there(environments: Environments) -> None:
    with pytest.raises(EnvironmentMismatch, match=f"no environment {'0' * 64}"):
        environments.verify(LockHash("0" * 64))


def test_check_refuses_the_environment_of_another_lock(
    environments: Environments, environment: Environment, wheels: list[Path]
) -> None:
    other = environments.realise(lock_of(wheels[:1]), INTERPRETER, fetch=fetch_from(wheels))
    _scribble(environment.path / MANIFEST, (other.path / MANIFEST).read_text())

    with pytest.raises(EnvironmentMismatch, match=f"its manifest says {other.lock_hash}"):
        environments.verify(environment.lock_hash)


def test_check_computes_the_hash_from_the_packages(
    environments: Environments, environment: Environment
) -> None:
    document = json.loads((environment.path / MANIFEST).read_text())
    document["packages"][0]["version"] = "2.0"
    _scribble(environment.path / MANIFEST, json.dumps(document))

    with pytest.raises(EnvironmentMismatch, match="lists packages of"):
        environments.verify(environment.lock_hash)


@pytest.mark.parametrize("content", ["", "{}", '{"format": 99}', "[]"])
def test_check_refuses_a_damaged_manifest(
    environments: Environments, environment: Environment, content: str
) -> None:
    _scribble(environment.path / MANIFEST, content)

    with pytest.raises(EnvironmentMismatch, match=r"manifest of environment .* is damaged"):
        environments.verify(environment.lock_hash)
    assert environments.list() == []


def _site_packages(environment: Environment) -> Path:
    return environment.path / f"lib/python{INTERPRETER.target.python}/site-packages"


def test_check_finds_what_was_put_into_it(
    environments: Environments, environment: Environment
) -> None:
    _scribble(_site_packages(environment) / "sitecustomize.py", "")

    with pytest.raises(EnvironmentMismatch, match=r"site-packages/sitecustomize\.py added"):
        environments.verify(environment.lock_hash)


def test_check_finds_a_link_that_was_turned(
    environments: Environments, environment: Environment
) -> None:
    link = _site_packages(environment) / "clash.py"
    link.parent.chmod(0o755)
    link.unlink()
    link.symlink_to("/dev/null")

    with pytest.raises(EnvironmentMismatch, match=r"site-packages/clash\.py changed"):
        environments.verify(environment.lock_hash)


def test_a_write_through_a_link_is_found_and_repaired_for_all_that_share_the_wheel(
    environments: Environments, environment: Environment, wheels: list[Path]
) -> None:
    fetch, locks = fetch_from(wheels), (lock_of(wheels), lock_of(wheels[:1]))
    sharing = environments.realise(locks[1], INTERPRETER, fetch=fetch)
    _scribble(_site_packages(environment) / "ns/demo/__init__.py", "VALUE = 9\n")

    for each in (environment, sharing):
        with pytest.raises(EnvironmentMismatch) as caught:
            environments.verify(each.lock_hash)
        assert "demo: site/ns/demo/__init__.py changed" in caught.value.details["damages"]
    # links lead to the wheel that was unpacked anew; hard links keep what was scribbled on
    needed = {Layout.OVERLAY: 1, Layout.HARD_LINKS: 2}[environments.layout]
    for lock in locks[-needed:]:
        environments.repair(lock, INTERPRETER, fetch=fetch)

    for each in (environment, sharing):
        environments.verify(each.lock_hash, thorough=True)
        assert run_python(each.executable, "import ns.demo as m; print(m.VALUE)") == "1"


def test_environments_refuse_while_a_shared_wheel_is_away(
    environments: Environments, environment: Environment, realise: Callable[[], Environment]
) -> None:
    for entry in environments._store.entries():
        environments._store._put_aside(entry.key)

    with pytest.raises(EnvironmentMismatch, match="missing from the wheel store"):
        environments.verify(environment.lock_hash)
    again = at_rest(environments, realise())

    assert environments.verify(environment.lock_hash) == again


@pytest.mark.parametrize("environments", [Layout.HARD_LINKS], indirect=True)
def test_an_environment_whose_files_a_repair_left_behind_refuses(
    environments: Environments, environment: Environment, wheels: list[Path]
) -> None:
    lock, fetch = lock_of(wheels[:1]), fetch_from(wheels)
    environments.realise(lock, INTERPRETER, fetch=fetch)
    _scribble(_site_packages(environment) / "clash.py", "WHO = 'nobody'\n")
    (scribbled,) = [e for e in environments.entries() if e.name == "other"]
    environments._store.heal(scribbled.key)
    environments._store.unpack(
        wheels[1],
        sha256=scribbled.sha256,
        python=INTERPRETER.target.python,
        cache_tag=INTERPRETER.cache_tag,
    )

    with pytest.raises(EnvironmentMismatch) as caught:
        environments.verify(environment.lock_hash)
    assert f"{scribbled.key} unpacked anew" in caught.value.details["damages"]


def test_environments_that_come_and_go_damage_no_other(
    environments: Environments, environment: Environment, wheels: list[Path]
) -> None:
    other = environments.realise(lock_of(wheels[:1]), INTERPRETER, fetch=fetch_from(wheels))
    for _ in range(2):  # what was accepted the first time is known the second time
        assert environments.verify(environment.lock_hash) == environment
        assert environments.verify(other.lock_hash) == other
    environments.remove(environment.lock_hash)
    assert environments.verify(other.lock_hash) == other
    assert all(
        not environments._store.verify(e) for e in environments.entries() if e.name == "demo"
    )


@pytest.mark.parametrize("environments", [Layout.OVERLAY], indirect=True)
def test_an_environment_for_overlays_is_made_anew_where_they_are_not_permitted_any_more(
    environments: Environments, environment: Environment, wheels: list[Path], tmp_path: Path
) -> None:
    later = environments_in(tmp_path / "home", Layout.HARD_LINKS)
    with pytest.raises(EnvironmentMismatch, match="permits no longer"):
        later.verify(environment.lock_hash)
    again = later.repair(lock_of(wheels), INTERPRETER, fetch=fetch_from(wheels))
    assert again.layout is Layout.HARD_LINKS
    assert later.verify(environment.lock_hash) == again
    # and the other way round it stays: real folders are right everywhere
    assert environments.verify(environment.lock_hash) == again


def test_more_wheels_than_an_overlay_takes_get_hard_links(
    environments: Environments, realise: Callable[[], Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farm_view, "_MAX_LAYERS", 2)
    environment = realise()
    assert environment.layout is Layout.HARD_LINKS
    assert not (environment.path / VIEW).exists()
    assert environments.verify(environment.lock_hash) == environment


def test_a_changed_environment_is_made_anew(
    environments: Environments, environment: Environment, realise: Callable[[], Environment]
) -> None:
    _scribble(_site_packages(environment) / "sitecustomize.py", "")

    again = realise()

    assert environments.verify(again.lock_hash).path == environment.path
    assert not (_site_packages(again) / "sitecustomize.py").exists()


def test_a_home_that_was_moved_still_runs(
    environment: Environment, tmp_path: Path, wheels: list[Path]
) -> None:
    moved = tmp_path / "elsewhere"
    (tmp_path / "home").rename(moved)

    found = environments_in(moved, environment.layout).verify(environment.lock_hash)

    assert len(wheels) == 2
    assert run_python(found.executable, "import ns.demo as m; print(m.VALUE)") == "1"


def test_a_full_disk_is_told_and_leaves_nothing(
    environments: Environments, wheels: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, fetch = lock_of(wheels), fetch_from(wheels)

    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "symlink", full)
        with pytest.raises(ServiceFault, match="No space left on device") as caught:
            environments.realise(lock, INTERPRETER, fetch=fetch)

    assert caught.value.hint == "free space on the service's disk, and ask again"
    assert _names(environments.protected[0]) == []
    environments.realise(lock, INTERPRETER, fetch=fetch)


def test_a_wheel_that_cannot_be_had_leaves_the_others_for_the_next_time(
    environments: Environments, wheels: list[Path]
) -> None:
    at_hand = fetch_from(wheels)

    def fetch(wheel: LockedWheel, received: Callable[[int], object]) -> Path:
        if wheel.name == "other":
            raise CannotSatisfy("other cannot be had")
        return at_hand(wheel, received)

    with pytest.raises(CannotSatisfy, match="other cannot be had"):
        environments.realise(lock_of(wheels), INTERPRETER, fetch=fetch)

    assert environments.list() == []
    assert [entry.name for entry in environments._store.entries()] == ["demo"]


def test_remove_takes_the_environment_and_keeps_its_wheels(
    environments: Environments, environment: Environment, realise: Callable[[], Environment]
) -> None:
    environments.remove(environment.lock_hash)

    assert environments.get(environment.lock_hash) is None
    assert _names(environments.protected[0]) == []
    assert realise().lock_hash == environment.lock_hash


_KILLED = """
    import sys
    from pathlib import Path
    from support.labs.environment_lab import environments_in, fetch_from, lock_of, own_interpreter
    from park_server.envs.farm import farm_build

    def hang(*_, **__):
        print("building", flush=True)
        sys.stdin.read()

    farm_build._complete = hang
    wheels = [Path(argument) for argument in sys.argv[2:]]
    environments_in(Path(sys.argv[1])).realise(
        lock_of(wheels), own_interpreter(), fetch=fetch_from(wheels)
    )
"""


def test_a_killed_process_leaves_nothing_that_counts(
    tmp_path: Path, wheels: list[Path], realise: Callable[[], Environment]
) -> None:
    tests = str(Path(__file__).parents[2])
    killed = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_KILLED), tmp_path / "home", *wheels],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": tests},
    )
    environments = environments_in(tmp_path / "home")
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"building\n"
        assert environments.sweep() == ()
        killed.send_signal(signal.SIGKILL)

    assert environments.list() == []
    assert [name.partition("-")[0] for name in environments.sweep()] == [".building"]
    assert environments.verify(at_rest(environments, realise()).lock_hash)
