"""The jobs of one task: one after the other, and what becomes of the rest where one is slow."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from park.runtime.folder import read_record
from park_server.jobs.engines.pilots.pilot_order import GIVEN_BACK
from park_server.pilots import pilot_worker
from park_server.pilots.pilot_worker import Forks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

ENDED = {"event": "ended", "finished": True}


def tasks(folder: Path, count: int) -> list[dict[str, Any]]:
    made = []
    for number in range(count):
        (folder / str(number)).mkdir()
        order = {"job_id": str(number), "attempt": 3, "directory": str(folder / str(number))}
        made.append({"server": "a", "order": order})
    return made


def told(events: list[dict[str, Any] | None]) -> list[dict[str, Any] | None]:
    assert all(each is None or each.pop("took_s") >= 0 for each in events)
    return events


def forks(folder: Path, monkeypatch: pytest.MonkeyPatch, *, slow: str | None) -> Forks:
    def run(_: Forks, order: dict[str, Any], is_slow: Callable[[], object]) -> dict[str, Any]:
        if order["order"]["job_id"] == slow:
            is_slow()
        return ENDED

    monkeypatch.setattr(Forks, "_run", run)
    return Forks(folder)


def test_they_end_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = forks(tmp_path, monkeypatch, slow=None).run_all(tasks(tmp_path, 3))
    assert told(found) == [ENDED] * 3
    assert not [*tmp_path.glob("*/*")]


def test_behind_a_slow_one_they_are_given_back_and_before_it_their_folders_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = forks(tmp_path, monkeypatch, slow="1").run_all(tasks(tmp_path, 4))
    assert told(found) == [ENDED, ENDED, None, None]
    ends = [read_record(str(tmp_path / str(each) / "exit.json")) for each in range(4)]
    assert ends == [{"attempt": 3, "status": None, "signal": None}, None, None, None]
    back = [(tmp_path / str(each) / f"{GIVEN_BACK}3").exists() for each in range(4)]
    assert back == [False, False, True, True]


def test_a_sign_of_life_follows_no_link_that_the_job_has_put_there(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "job", tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "beat").symlink_to(elsewhere)
    pilot_worker._beat(str(folder))
    assert not elsewhere.exists()
    (folder / "beat").unlink()
    os.mkfifo(folder / "beat")
    pilot_worker._beat(str(folder))  # and waits for nobody
    (folder / "beat").unlink()
    pilot_worker._beat(str(folder))
    os.utime(folder / "beat", (0, 0))
    pilot_worker._beat(str(folder))
    assert (folder / "beat").stat().st_mtime > 0


def test_the_driver_of_an_earlier_release_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pilot_worker, "_forks", [forks(tmp_path, monkeypatch, slow=None)])
    (task,) = tasks(tmp_path, 1)
    assert told([pilot_worker.run(json.dumps(task).encode())]) == [ENDED]
    assert told(pilot_worker.run(json.dumps([task]).encode())) == [ENDED]
