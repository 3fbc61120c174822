"""The frame of a service: its home is taken first, and left last."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

from park.errors import Conflict
from park_server.assembly import ahead
from park_server.assembly.frame import start
from park_server.assembly.start_stages import Stages
from park_server.home import Home
from park_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import BaseFileLock

    from park_server.assembly.ahead import Asked, Machine
    from park_server.envs.interpreters import Interpreter


@pytest.fixture(autouse=True)
def signals_as_they_were() -> Iterator[None]:
    kept = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for each, handler in kept.items():
        signal.signal(each, handler)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    ready = tmp_path / "ready"
    ready.write_text("of one that was killed")
    return Settings.of(home=tmp_path / "home", upstream="none", ready_file=ready)


def test_the_home_is_held_while_it_serves_and_free_behind(settings: Settings) -> None:
    asked_of: list[str] = []

    def serve(settings: Settings, home: Home, asked: Asked, stages: Stages) -> None:
        del stages
        assert settings.ready_file is not None
        assert not settings.ready_file.exists()
        asked_of.append(asked.found_layout(Stages()).name)
        with pytest.raises(Conflict):
            home.lock()
        settings.ready_file.write_text("of this one")

    start(settings, Stages(), lambda: serve)
    assert asked_of in (["overlay"], ["hard-links"])
    assert settings.ready_file is not None
    assert not settings.ready_file.exists()
    Home(settings.home).lock().release()


def test_a_home_that_is_taken_is_told_before_anything_is_loaded(settings: Settings) -> None:
    home = Home(settings.home)
    home.prepare()
    held = home.lock()
    try:
        with pytest.raises(Conflict):
            start(settings, Stages(), lambda: pytest.fail("it was loaded"))
    finally:
        held.release()


def test_a_signal_while_it_loads_leaves_in_an_orderly_way(settings: Settings) -> None:
    def interrupted() -> None:
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as caught:
        start(settings, Stages(), interrupted)  # type: ignore[arg-type]
    assert caught.value.code == 0
    Home(settings.home).lock().release()


def test_who_stands_by_has_asked_the_machine_before_it_takes_the_home(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, served = threading.Event(), []

    def discover() -> dict[str, Interpreter]:
        asked.set()
        return {}

    def take(home: Home, machine: Machine) -> BaseFileLock:
        assert asked.wait(LIMIT_S)
        assert machine.interpreters.result() == {}
        return home.lock()

    def serve(settings: Settings, home: Home, asked: Asked, stages: Stages) -> None:
        del settings, home
        served.append((asked.found_interpreters(stages), asked.damage.result()))

    monkeypatch.setattr(ahead, "discover", discover)
    start(settings, Stages(), lambda: serve, take)
    assert served == [({}, None)]
