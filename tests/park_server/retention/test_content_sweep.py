"""Files that nothing refers to: they go once they are old, and never what was promised."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest

from park_server.content import ContentStore
from park_server.retention.content_sweep import GRACE_S, ContentSweep, Swept

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
    assert ContentSweep(content, clock=Clock()).sweep({used}) == Swept(files=1, size=6)
    assert content.has(used)
    assert not content.has(unused)


def test_a_dry_run_counts_and_removes_nothing(content: ContentStore) -> None:
    unused = kept(content, "unused")
    assert ContentSweep(content, clock=Clock()).sweep(set(), dry_run=True).files == 1
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


def test_what_a_client_was_told_to_be_there_stays_for_a_day(content: ContentStore) -> None:
    clock = Clock()
    sweep = ContentSweep(content, clock=clock)
    promised = kept(content, "promised")
    sweep.promise(promised)
    sweep.discard({promised}, set())
    assert sweep.sweep(set()).files == 0
    clock.now += GRACE_S + 1
    assert sweep.sweep(set()).files == 1


def test_what_removed_jobs_had_goes_at_once_where_nobody_else_has_it(content: ContentStore) -> None:
    shared, alone = kept(content, "shared"), kept(content, "alone")
    ContentSweep(content, clock=lambda: 0.0).discard({shared, alone}, {shared})
    assert content.has(shared)
    assert not content.has(alone)


def test_unfinished_files_are_no_files(content: ContentStore) -> None:
    (content.folder / "incoming" / "abc").write_text("half")
    assert list(content.files()) == []
    assert hashlib.sha256(b"half").hexdigest() not in {file.sha256 for file in content.files()}
