from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from park.model.memo.file_view import FileView, WheelFiles
from park.model.memo.usage import Usage
from park_server.used import collection as module
from park_server.used.collection import Collection
from park_server.used.outside import Outside

if TYPE_CHECKING:
    from pathlib import Path

SITE = "lib/python3.11/site-packages"
MODULE = f"{SITE}/model/__init__.py"
VIEW = FileView(
    site=SITE,
    interpreter="i",
    wheels=(WheelFiles(name="model", info="model-1.dist-info", files={MODULE: "1"}),),
)
LATER_NS = time.time_ns() + 10**15


class Ended:
    """The folder of a job that has ended, with what it noted."""

    def __init__(self, tmp_path: Path) -> None:
        self.environment = tmp_path / "env"
        self.folder = tmp_path / "jobs" / "job"
        self.folder.mkdir(parents=True)
        self.collection = Collection(Outside({}))

    def note(self, *, base: dict[str, Any] | None = None, **record: Any) -> None:
        """Write what the job noted, and what its fork server had."""
        if base is not None:
            text = json.dumps({"since_ns": LATER_NS} | base)
            (self.folder / "used-base.json").write_text(text)
            record["base"] = hashlib.sha256(text.encode()).hexdigest()
        document = {"attempt": 1, "since_ns": LATER_NS} | record
        (self.folder / "used.json").write_text(json.dumps(document))

    def collected(self, view: FileView | None = VIEW) -> Usage:
        """Return what it used."""
        return self.collection.collected(self.folder, 1, environment=self.environment, view=view)

    def at_once(self) -> Usage | None:
        """Return what it used where that is known at once."""
        return self.collection.at_once(self.folder, 1, environment=self.environment, view=VIEW)


@pytest.fixture
def ended(tmp_path: Path) -> Ended:
    """Give a job that has noted nothing."""
    return Ended(tmp_path)


def test_a_job_and_its_fork_server(ended: Ended) -> None:
    ended.note(base={"read": [f"{ended.environment}/{MODULE}"]}, read=["/etc/hostname"])
    found = ended.collected()
    assert found.files == {MODULE: "1"}
    assert "/etc/hostname" in {it.path for it in found.outside}
    assert (found.only_this_lock, found.never) == (None, None)
    assert ended.collected() is found


def test_time_zone_counts_though_nobody_noted_it(ended: Ended) -> None:
    ended.note()
    assert "/etc/localtime" in {it.path for it in ended.collected().outside}


def test_a_file_that_changed_while_it_ran(ended: Ended, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.touch()
    ended.note(read=[str(path)], since_ns=path.stat().st_ctime_ns)
    assert ended.collected().never == f"{path} changed while it ran"


def test_a_file_that_changed_after_the_fork_server_read_it(ended: Ended, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.touch()
    before = {"read": [str(path)], "since_ns": path.stat().st_ctime_ns - 10**9}
    ended.note(base=before, read=[str(path)])
    assert ended.collected().never == f"{path} changed while it ran"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "used.json").unlink(),
        lambda folder: (folder / "used.json").write_text("no JSON"),
        lambda folder: (folder / "used.json").write_text('{"attempt": 2}'),
        lambda folder: (folder / "used.json").write_text('{"attempt": 1, "read": 1}'),
        lambda folder: (folder / "used-base.json").unlink(),
        lambda folder: (folder / "used-base.json").write_text("{}"),
        lambda folder: (
            (folder / "used.json").rename(folder / "x") and (folder / "used.json").symlink_to("x")
        ),
    ],
    ids=["absent", "no JSON", "attempt", "shape", "no base", "other base", "link"],
)
def test_what_is_odd_is_good_for_its_lock_only(ended: Ended, spoil: Any) -> None:
    ended.note(base={})
    spoil(ended.folder)
    found = ended.collected()
    assert found.only_this_lock is not None
    assert found.files == {}


def test_a_lock_whose_wheels_are_gone(ended: Ended) -> None:
    ended.note()
    assert ended.collected(None).only_this_lock is not None


def test_what_it_says_of_itself_stays(ended: Ended) -> None:
    ended.note(only_this_lock="it started another program", never="it wrote /x")
    found = ended.collected()
    assert found.only_this_lock == "it started another program"
    assert found.never == "it wrote /x"


@pytest.fixture
def seen(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> Ended:
    """Give a job that noted what another one noted before, on a disk of this machine."""
    monkeypatch.setattr(module, "by_rule", lambda _: [])  # on whichever disk these are
    ended.collection = Collection(Outside({}, [str(ended.folder)]))
    (ended.folder / "data").write_text("1")
    ended.note(base={"read": [f"{ended.environment}/{MODULE}", str(ended.folder / "data")]})
    return ended


def test_what_was_seen_before_is_told_at_once(seen: Ended) -> None:
    assert seen.at_once() is None
    found = seen.collected()
    assert [it.path for it in found.outside] == [str(seen.folder / "data")]
    assert seen.at_once() is found


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "used.json").unlink(),
        lambda folder: (folder / "used.json").write_text("no JSON"),
        lambda folder: (folder / "used.json").write_text('{"attempt": 2}'),
        lambda folder: (folder / "used.json").write_text('{"attempt": 1, "read": 1}'),
        lambda folder: (folder / "used.json").write_text(json.dumps({"attempt": 1, "base": "x"})),
        lambda folder: (folder / "data").write_text("22"),
        lambda folder: (folder / "data").unlink(),
    ],
    ids=["absent", "no JSON", "attempt", "shape", "other base", "changed", "gone"],
)
def test_what_is_new_or_odd_is_not_told_at_once(seen: Ended, spoil: Any) -> None:
    seen.collected()
    spoil(seen.folder)
    assert seen.at_once() is None


def test_what_changed_while_it_ran_is_told_at_once_as_well(seen: Ended) -> None:
    data = seen.folder / "data"
    base = {"read": [str(data)], "since_ns": data.stat().st_ctime_ns}
    seen.note(base=base)
    first = seen.collected()
    assert first.never == f"{data} changed while it ran"
    assert seen.at_once() == first
