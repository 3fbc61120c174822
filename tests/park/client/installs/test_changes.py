from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.material.projects import copy_package, write_tree

from park.build.cache import Cache
from park.build.local_set import LocalSet, local_set
from park.client.installs.changes import changes, follow
from park.errors import BuildFailed, LocalSetError
from park.model.pins import RequirementSet, parse_pin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from park.client.installs.file_watch import Watcher


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(root=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_package("offline", tmp_path)


@pytest.fixture
def take(root: Path, cache: Cache) -> Callable[[], LocalSet]:
    return lambda: local_set(str(root), cache=cache)


def test_each_file_that_differs_is_named(root: Path, take: Callable[[], LocalSet]) -> None:
    write_tree(root, {"offline/old.py": ""})
    before = take()
    (root / "offline/old.py").unlink()
    write_tree(root, {"offline/__init__.py": "FILM_SLD = 3.0\n", "offline/new.py": ""})
    assert changes(before, take()) == (
        "edited offline/__init__.py (offline)",
        "added offline/new.py (offline)",
        "removed offline/old.py (offline)",
    )
    assert changes(before, before) == ()


def test_a_release_of_another_version_is_named(take: Callable[[], LocalSet]) -> None:
    before = take()
    pins = [pin for pin in before.requirements.pins if pin.name != "packaging"]
    newer = RequirementSet.of(before.requirements.python, [*pins, parse_pin("packaging", "99")])
    (line,) = changes(before, replace(before, requirements=newer))
    assert line.startswith("packaging 2")
    assert line.endswith(" became 99")


class Interrupted(BaseException):
    """The user has seen enough."""


class Script:
    """A watcher whose waits do what a script says, then interrupt; records what is told."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)
        self.installed: list[str] = []
        self.told: list[str] = []
        self.roots: list[Sequence[Path]] = []

    @contextmanager
    def watch(self, roots: Sequence[Path]) -> Iterator[Watcher]:
        self.roots.append(roots)
        yield self

    def wait(self) -> None:
        if not self.steps:
            raise Interrupted
        self.steps.pop(0)()

    def run(self, take: Callable[[], LocalSet], install: Callable[[], None] | None = None) -> None:
        with pytest.raises(Interrupted):
            follow(
                take,
                install or (lambda: self.installed.append(take().version)),
                watch=self.watch,
                tell=self.told.append,
                fail=lambda error: self.told.append(f"error: {error}"),
            )


def test_each_change_is_installed_once(root: Path, take: Callable[[], LocalSet]) -> None:
    script = Script(
        lambda: write_tree(root, {"offline/__init__.py": "FILM_SLD = 3.0\n"}),
        lambda: write_tree(root, {"offline/__pycache__/a.pyc": ""}),
        lambda: write_tree(root, {"offline/__init__.py": "FILM_SLD = 4.0\n"}),
    )
    script.run(take)
    assert len(set(script.installed)) == len(script.installed) == 3
    assert script.told == ["edited offline/__init__.py (offline)"] * 2
    assert script.roots == [[root]] * 3


def test_what_is_saved_during_an_install_is_installed_next(
    root: Path, take: Callable[[], LocalSet]
) -> None:
    script = Script()

    def install() -> None:
        script.installed.append(take().version)
        write_tree(root, {"offline/__init__.py": "FILM_SLD = 5.0\n"})

    script.run(take, install)
    assert len(set(script.installed)) == 2


def test_a_project_that_does_not_build_is_waited_for(
    root: Path, take: Callable[[], LocalSet]
) -> None:
    pyproject = (root / "pyproject.toml").read_text()
    script = Script(
        lambda: write_tree(root, {"pyproject.toml": "[project\n"}),
        lambda: write_tree(root, {"pyproject.toml": pyproject, "offline/new.py": ""}),
    )
    failures = iter([BuildFailed("no FORTRAN compiler")])

    def install() -> None:
        for failure in failures:
            raise failure
        script.installed.append(take().version)

    script.run(take, install)
    assert len(script.installed) == 1
    assert script.told[0] == "error: no FORTRAN compiler"
    assert "is not TOML" in script.told[1]
    assert script.told[2:] == ["added offline/new.py (offline)"]


def test_a_target_that_is_not_there_ends_it(cache: Cache, tmp_path: Path) -> None:
    with pytest.raises(LocalSetError):
        follow(
            lambda: local_set(str(tmp_path / "nowhere"), cache=cache),
            lambda: None,
            watch=Script().watch,
            tell=print,
            fail=print,
        )
