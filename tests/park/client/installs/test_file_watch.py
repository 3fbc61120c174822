from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.material.projects import write_tree
from support.session.limits import LIMIT_S

from park.client.installs import file_watch as module
from park.client.installs.file_watch import notified, polling, watching

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from park.client.installs.file_watch import Watch, Watcher


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", {"m/a.py": "1\n", "m/__pycache__/a.pyc": ""})


def woken(watcher: Watcher, change: Callable[[], object]) -> threading.Event:
    """Wait in a thread, make ``change``, and return what is set once the waiting is over."""
    over = threading.Event()

    def wait() -> None:
        watcher.wait()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    change()
    return over


@pytest.mark.parametrize("watch", [notified, polling])
def test_an_edit_of_any_of_the_folders_ends_the_waiting(
    root: Path, tmp_path: Path, watch: Watch
) -> None:
    other = write_tree(tmp_path / "other", {"b.py": ""})
    with watch([other, root]) as watcher:
        assert woken(watcher, lambda: (root / "m/a.py").write_text("22\n")).wait(LIMIT_S)
        assert woken(watcher, lambda: (other / "c.py").write_text("")).wait(LIMIT_S)
        assert woken(watcher, (other / "b.py").unlink).wait(LIMIT_S)


@pytest.mark.parametrize("watch", [notified, polling])
def test_what_happens_before_the_waiting_counts(root: Path, watch: Watch) -> None:
    with watch([root]) as watcher:
        write_tree(root, {"m/new.py": ""})
        assert woken(watcher, lambda: None).wait(LIMIT_S)


@pytest.mark.parametrize("watch", [notified, polling])
def test_junk_wakes_nobody(root: Path, watch: Watch) -> None:
    with watch([root]) as watcher:
        over = woken(watcher, lambda: write_tree(root, {"m/__pycache__/b.pyc": ""}))
        assert not over.wait(1.5)  # a bound on nothing happening: both notice within 1 s
        write_tree(root, {"m/a.py": "22\n"})
        assert over.wait(LIMIT_S)


def test_a_burst_of_writes_is_one_change(root: Path) -> None:
    looks = iter(range(100))

    def pause(_: float) -> None:
        if (number := next(looks)) < 3:
            write_tree(root, {"m/a.py": f"{'2' * (number + 2)}\n"})

    with polling([root], pause=pause) as watcher:
        watcher.wait()
    assert next(looks) == 4  # three looks with a change, and one like the last


def test_a_file_is_polled_and_so_is_all_without_watchfiles(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watching([root]) as watcher:
        assert isinstance(watcher, module._Notified)
    with watching([root / "m/a.py"]) as watcher:
        assert isinstance(watcher, module._Polling)
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with watching([root]) as watcher:
        assert isinstance(watcher, module._Polling)
