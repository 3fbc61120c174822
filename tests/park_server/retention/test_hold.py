from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from park.errors import Conflict
from park_server.retention.hold import Hold

if TYPE_CHECKING:
    from pathlib import Path


def test_while_somebody_copies_nothing_is_removed_and_afterwards_it_is(tmp_path: Path) -> None:
    with (
        Hold(tmp_path).copying(),
        pytest.raises(Conflict, match="a backup of this service is being made") as told,
        Hold(tmp_path).removing(),
    ):
        pass
    assert "when it is done" in (told.value.hint or "")
    with Hold(tmp_path).removing(), Hold(tmp_path).removing():
        pass


def test_a_copy_waits_for_what_is_being_removed(tmp_path: Path) -> None:
    waits, copied = threading.Event(), threading.Event()

    def copy() -> None:
        with Hold(tmp_path).copying(waits.set):
            copied.set()

    copying = threading.Thread(target=copy)
    with Hold(tmp_path).removing():
        copying.start()
        waits.wait()
        assert not copied.is_set()
    copying.join()
    assert copied.is_set()


def test_a_removal_that_fails_holds_nothing(tmp_path: Path) -> None:
    def failing() -> None:
        with Hold(tmp_path).removing():
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    with Hold(tmp_path).copying(lambda: pytest.fail("nobody removes anything")):
        pass
