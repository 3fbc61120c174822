"""Files that nothing refers to: they go once they are old, and never what was promised."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

from park_server.content import ContentStore, KeptFile
from park_server.retention.content_sweep import GRACE_S, HELD_S, ContentSweep, Swept

FOREVER = 10**11


class Clock:
    def __init__(self) -> None:
        self.now = float(FOREVER)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def content(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "files")


def kept(content: ContentStore, text: str) -> str:
    with content.intake() as intake, tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        return intake.add(file.fileno())[0]


def test_what_is_in_use_stays_and_the_rest_goes(content: ContentStore) -> None:
    used, unused = kept(content, "used"), kept(content, "unused")
    size = next(file.on_disk for file in content.files() if file.sha256 == unused)
    assert ContentSweep(content, clock=Clock()).sweep({used}) == Swept(files=1, size=size)
    assert content.has(used)
    assert not content.has(unused)


def test_a_dry_run_counts_and_removes_nothing(content: ContentStore) -> None:
    unused = kept(content, "unused")
    assert ContentSweep(content, clock=Clock()).would_sweep(set(), set()).files == 1
    assert content.has(unused)


def test_what_is_new_stays_for_a_day(content: ContentStore) -> None:
    clock = Clock()
    new = kept(content, "its job is on its way")
    changed = next(content.files()).changed
    clock.now = changed + GRACE_S - 1
    assert ContentSweep(content, clock=clock).sweep(set()).files == 0
    clock.now = changed + GRACE_S + 1
    assert ContentSweep(content, clock=clock).sweep(set()).files == 1
    assert not content.has(new)


def none_named(digests: AbstractSet[str]) -> AbstractSet[str]:
    """Say of no digest that a row names it."""
    del digests
    return frozenset()


def test_what_a_client_was_told_to_be_there_stays_for_a_day(content: ContentStore) -> None:
    clock = Clock()
    sweep = ContentSweep(content, clock=clock)
    promised = kept(content, "promised")
    assert sweep.promised(promised)
    sweep.release({promised})
    sweep.discard({promised}, none_named)
    assert sweep.sweep(set()).files == 0
    clock.now += GRACE_S + 1
    assert sweep.sweep(set()).files == 1
    assert not sweep.promised(promised)


def test_what_was_told_before_a_start_stays_as_long(content: ContentStore) -> None:
    """The process that knew is gone: to be asked for has made the file new."""
    promised = kept(content, "promised")
    place = content.path_of(promised)
    made = place.stat().st_ctime_ns
    assert ContentSweep(content).promised(promised)
    asked = place.stat().st_ctime
    assert place.stat().st_ctime_ns > made
    clock = Clock()
    clock.now = asked + 1
    later = ContentSweep(content, clock=clock)
    clock.now = asked + GRACE_S - 1
    later.release({promised})
    later.discard({promised}, none_named)
    assert content.has(promised)
    clock.now = asked + GRACE_S + 1
    later.discard({promised}, none_named)
    assert not content.has(promised)


def test_what_removed_jobs_had_goes_soon_where_nobody_else_has_it(content: ContentStore) -> None:
    clock = Clock()
    clock.now = 0.0
    sweep = ContentSweep(content, clock=clock)
    shared, alone = kept(content, "shared"), kept(content, "alone")
    sweep.release({shared, alone})
    clock.now = max(file.changed for file in content.files()) + HELD_S - 1
    sweep.discard({shared, alone}, lambda _: {shared})
    assert content.has(alone), "another job may have left the same a moment ago"
    clock.now += 2
    sweep.discard({shared, alone}, lambda _: {shared})
    assert content.has(shared)
    assert not content.has(alone)


def test_what_is_asked_for_while_it_goes_is_there_or_said_to_be_absent(
    content: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A promise is made between the look of the sweep and the removal."""
    wanted = kept(content, "wanted")
    sweep = ContentSweep(content, clock=Clock())
    told: list[bool] = []
    listed = content.files

    def files() -> list[KeptFile]:
        found = list(listed())
        told.append(sweep.promised(wanted))
        return found

    monkeypatch.setattr(content, "files", files)
    assert sweep.sweep(set()).files == 0
    assert told == [True]
    assert content.has(wanted)


def test_unfinished_files_are_no_files(content: ContentStore) -> None:
    (content.folder / "incoming" / "abc").write_text("half")
    assert list(content.files()) == []
    assert hashlib.sha256(b"half").hexdigest() not in {file.sha256 for file in content.files()}
