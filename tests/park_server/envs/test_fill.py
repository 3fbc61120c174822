"""`park_server.envs.fill`: what is missing comes into the store, and only that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from support.labs.environment_lab import fetch_from, lock_of, own_interpreter
from support.material.wheels import make_wheel

from park.errors import CannotSatisfy
from park_repo.wheelstore.store import WheelStore
from park_server.envs.fill import compile_entries, fill_store
from park_server.envs.pylock import LockedWheel, Selection, select

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from park_repo.wheelstore.entry import StoreEntry
    from park_server.envs.realise_progress import OnProgress, Progress

INTERPRETER = own_interpreter()


@dataclass
class Lab:
    """A store, wheels for it, what was fetched, and what the newest call told."""

    store: WheelStore
    wheels: dict[str, Path]
    fetched: list[str] = field(default_factory=list)
    told: dict[str, Progress] = field(default_factory=dict)
    refused: str = ""

    def selection(self, *names: str) -> Selection:
        return select(lock_of(self.wheels[name] for name in names), INTERPRETER)

    def fetch(self, wheel: LockedWheel, received: Callable[[int], object]) -> Path:
        if wheel.name == self.refused:
            raise CannotSatisfy(f"{wheel.name} cannot be had")
        self.fetched.append(wheel.name)
        path = fetch_from(self.wheels.values())(wheel, received)
        received(path.stat().st_size // 2)
        return path

    def fill(self, *names: str) -> list[StoreEntry]:
        self.told = {}
        return fill_store(
            self.store,
            self.selection(*names),
            INTERPRETER,
            fetch=self.fetch,
            progress=noted_in(self.told),
        )


def noted_in(told: dict[str, Progress]) -> OnProgress:
    """Keep what one call tells: the wheel at hand is compiled when its fill has ended, too."""

    def note(progress: Progress) -> None:
        told[progress.stage] = progress

    return note


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    names = ("one", "two", "three")
    wheels = {
        name: make_wheel(tmp_path, name, files={f"{name}.py": b"X = 1\n" * 1000}) for name in names
    }
    return Lab(store=WheelStore(tmp_path / "store"), wheels=wheels)


def test_only_what_is_missing_is_fetched(lab: Lab) -> None:
    lab.fill("one")
    entries = lab.fill("one", "two")
    assert [entry.name for entry in entries] == ["one", "two"]
    assert lab.fetched == ["one", "two"]
    # whose bytecode may have come meanwhile
    assert [entry.key for entry in lab.fill("one", "two")] == [entry.key for entry in entries]
    assert lab.told == {}


def test_the_count_of_bytes_ends_at_what_the_files_have(lab: Lab) -> None:
    """The lock does not know the sizes, and half of each file did not need to travel."""
    lab.fill(*lab.wheels)
    size = sum(path.stat().st_size for path in lab.wheels.values())
    assert (lab.told["download"].done, lab.told["download"].total) == (size, size)
    assert (lab.told["unpack"].done, lab.told["unpack"].total) == (3, 3)


def test_a_failure_is_raised_and_what_is_finished_stays(lab: Lab) -> None:
    lab.fill("one")
    lab.refused = "two"
    with pytest.raises(CannotSatisfy, match="two cannot be had"):
        lab.fill(*lab.wheels)
    lab.refused = ""
    lab.fill("one", "two")
    assert lab.fetched.count("one") == 1


def compiled(lab: Lab, entries: list[StoreEntry]) -> list[bool]:
    lab.told = {}
    compile_entries(lab.store, entries, INTERPRETER, progress=noted_in(lab.told))
    found = [lab.store.get(entry.key) for entry in entries]
    return [entry is not None and entry.bytecode for entry in found]


def test_what_is_not_compiled_is_compiled_once(lab: Lab) -> None:
    entries = lab.fill(*lab.wheels)
    assert compiled(lab, entries) == [True, True, True]
    assert lab.told["compile"].done == lab.told["compile"].total
    finished = [found for entry in entries if (found := lab.store.get(entry.key)) is not None]
    assert compiled(lab, finished) == [True, True, True]
    assert lab.told == {}


def test_an_entry_that_left_the_store_holds_nobody_up(lab: Lab) -> None:
    first, second, third = lab.fill(*lab.wheels)
    lab.store.remove(second.key)
    assert compiled(lab, [first, second, third]) == [True, False, True]
    assert lab.told["compile"].done == lab.told["compile"].total
