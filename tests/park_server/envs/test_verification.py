"""`park_server.envs.verification`: whatever touches an environment is known at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.faults.ordinary_user import (
    as_ordinary_user,
    folder_of_ordinary_user,
    give_to_ordinary_user,
)
from support.labs.environment_lab import environments_in, fetch_from, lock_of, own_interpreter
from support.material.wheels import make_wheel

from park.errors import EnvironmentMismatch
from park.model.lock_hash import LockHash
from park_repo.wheelstore.entry import StoreKey
from park_server.envs.environment import Layout
from park_server.envs.inotify import NoWatch
from park_server.envs.verification import Inspector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from park_server.envs.environment import Environment
    from park_server.envs.realisation import Environments

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


def demo_wheels(folder: Path) -> list[Path]:
    files = {"ns/demo/__init__.py": b"VALUE = 1\n", "ns/demo/table.txt": b"1 2 3\n"}
    return [make_wheel(folder, files=files), make_wheel(folder, "other")]


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    return demo_wheels(tmp_path)


@pytest.fixture(params=list(Layout))
def environments(tmp_path: Path, request: pytest.FixtureRequest) -> Environments:
    return environments_in(tmp_path / "home", request.param)


@pytest.fixture
def environment(environments: Environments, wheels: list[Path]) -> Environment:
    made = environments.realise(lock_of(wheels), own_interpreter(), fetch=fetch_from(wheels))
    environments.compile(made, own_interpreter())  # waits for what is compiled in the background
    return made


@pytest.fixture
def inspector(environments: Environments) -> Iterator[Inspector]:
    inspector = Inspector(environments, clock=lambda: 0.0)
    yield inspector
    inspector.close()


def _package(environment: Environment) -> Path:
    python = f"python{environment.target.python}"
    return environment.path / "lib" / python / "site-packages" / "ns" / "demo"


def _rewrite(environment: Environment) -> None:
    """Scribble as a careful culprit does: same size, times and modes set back."""
    path = _package(environment) / "__init__.py"
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(b"VALUE = 9\n")
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _add(environment: Environment) -> None:
    folder = _package(environment)
    folder.chmod(0o755)
    (folder / "new.py").write_text("")


def _delete(environment: Environment) -> None:
    folder = _package(environment)
    folder.chmod(0o755)
    (folder / "table.txt").unlink()


def _replace(environment: Environment) -> None:
    folder = _package(environment)
    folder.chmod(0o755)
    (folder / "beside").write_bytes(b"1 2 3\n")
    (folder / "beside").replace(folder / "table.txt")


def _make_writable(environment: Environment) -> None:
    (_package(environment) / "table.txt").chmod(0o666)


def _write_by_another_process(environment: Environment) -> None:
    path = _package(environment) / "table.txt"
    os.system(f"chmod u+w '{path}' && echo >> '{path}'")  # noqa: S605 (a shell is the point)


def _put_into_the_environment(environment: Environment) -> None:
    environment.path.chmod(0o755)
    (environment.path / "sitecustomize.py").write_text("")


CHANGES = [
    _rewrite,
    _add,
    _delete,
    _replace,
    _make_writable,
    _write_by_another_process,
    _put_into_the_environment,
]


def test_what_nothing_touched_is_known_and_not_read_again(
    inspector: Inspector, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inspector.known(environment.lock_hash) is None
    inspector.inspect(environment.lock_hash)
    monkeypatch.setattr(os, "lstat", None)

    assert inspector.known(environment.lock_hash) == environment
    assert inspector.inspect(environment.lock_hash) == environment


@pytest.mark.parametrize("change", CHANGES, ids=[each.__name__ for each in CHANGES])
def test_every_change_is_found_at_the_next_look(
    inspector: Inspector, environment: Environment, change: Callable[[Environment], None]
) -> None:
    inspector.inspect(environment.lock_hash)

    change(environment)

    assert inspector.known(environment.lock_hash) is None
    with pytest.raises(EnvironmentMismatch, match="was changed since it was made"):
        inspector.inspect(environment.lock_hash)


@pytest.mark.parametrize("change", CHANGES, ids=[each.__name__ for each in CHANGES])
def test_an_ordinary_user_s_change_is_found_as_well_and_repaired(
    change: Callable[[Environment], None],
) -> None:
    """Root may write to what is read-only; an owner makes it writable first."""
    interpreter = own_interpreter()
    with folder_of_ordinary_user() as folder:
        wheels = demo_wheels(folder)
        lock, fetch = lock_of(wheels), fetch_from(wheels)
        environments = environments_in(folder / "home")
        # interpreters run only here: root's own may be out of the other user's reach
        environments.compile(environments.realise(lock, interpreter, fetch=fetch), interpreter)
        give_to_ordinary_user(folder)

        def scribble() -> None:
            # other owners are other stamps
            made = environments.repair(lock, interpreter, fetch=fetch)
            sharing = environments.realise(lock_of(wheels[:1]), interpreter, fetch=fetch)
            inspector = Inspector(environments, clock=lambda: 0.0)
            table = _package(made) / "table.txt"
            with pytest.raises(PermissionError):
                table.write_text("4 5 6\n")
            for each in (made, sharing):
                assert inspector.inspect(each.lock_hash) == each

            change(made)

            assert inspector.known(made.lock_hash) is None
            with pytest.raises(EnvironmentMismatch, match="was changed since it was made"):
                inspector.inspect(made.lock_hash)
            if change is not _put_into_the_environment:  # through it, into the store
                with pytest.raises(EnvironmentMismatch):
                    inspector.inspect(sharing.lock_hash)
            repaired = environments.repair(lock, interpreter, fetch=fetch)
            assert inspector.inspect(made.lock_hash) == repaired
            assert table.read_text() == "1 2 3\n"

        as_ordinary_user(scribble)


def test_reading_touches_nothing(inspector: Inspector, environment: Environment) -> None:
    inspector.inspect(environment.lock_hash)

    (_package(environment) / "table.txt").read_bytes()
    list(_package(environment).iterdir())

    assert inspector.known(environment.lock_hash) == environment


def test_every_environment_that_shares_the_wheel_is_unsure(
    inspector: Inspector, environments: Environments, environment: Environment, wheels: list[Path]
) -> None:
    sharing, apart = (
        environments.realise(lock_of(some), own_interpreter(), fetch=fetch_from(wheels))
        for some in (wheels[:1], wheels[1:])
    )
    for each in (environment, sharing, apart):
        inspector.inspect(each.lock_hash)

    _rewrite(environment)

    for each in (environment, sharing):
        with pytest.raises(EnvironmentMismatch):
            inspector.inspect(each.lock_hash)
    if environments.layout is Layout.OVERLAY:  # else its other wheel may have been written to
        assert inspector.known(apart.lock_hash) == apart
    assert inspector.inspect(apart.lock_hash) == apart


def test_a_change_that_was_taken_back_is_looked_at_once(
    inspector: Inspector, environment: Environment
) -> None:
    inspector.inspect(environment.lock_hash)
    folder = _package(environment)
    (folder / "table.txt").touch()
    assert inspector.known(environment.lock_hash) is None


def test_after_a_minute_what_was_silent_is_compared_again(
    environments: Environments, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    inspector = Inspector(environments, clock=lambda: now[0])
    inspector.inspect(environment.lock_hash)
    now[0] = 59.0
    assert not inspector.is_due(environment.lock_hash)
    now[0] = 60.0
    assert inspector.is_due(environment.lock_hash)
    assert inspector.known(environment.lock_hash) == environment
    _rewrite(environment)
    # as if the watch had not heard of it
    monkeypatch.setattr(inspector._watch, "touched", set)

    with pytest.raises(EnvironmentMismatch):
        inspector.inspect(environment.lock_hash)
    assert inspector.known(environment.lock_hash) is None


def test_what_cannot_be_watched_is_compared_every_time(
    environments: Environments, environment: Environment
) -> None:
    inspector = Inspector(environments, watch=NoWatch())
    inspector.inspect(environment.lock_hash)
    assert inspector.known(environment.lock_hash) is None

    _rewrite(environment)

    with pytest.raises(EnvironmentMismatch):
        inspector.inspect(environment.lock_hash)


def test_until_one_can_be_due_its_wheels_are_not_asked_for_again(
    environments: Environments, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, asked, keys_of = [0.0], list[LockHash](), environments.keys_of

    def noting(lock_hash: LockHash) -> tuple[StoreKey, ...]:
        asked.append(lock_hash)
        return keys_of(lock_hash)

    inspector = Inspector(environments, clock=lambda: now[0])
    inspector.inspect(environment.lock_hash)
    monkeypatch.setattr(environments, "keys_of", noting)
    assert not any(inspector.is_due(environment.lock_hash) for _ in range(100))
    assert len(asked) == 1
    now[0] = 60.0
    assert inspector.is_due(environment.lock_hash)
