"""The mirror of a job's folder: what grew is sent once, and what was lost again."""

from __future__ import annotations

import errno
import json
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest

from park_server.content import ContentStore
from park_server.node_desk.intake import Left, NodeFolder
from park_server.on_node.bootstrap import NO_ROOM, Link, Refused
from park_server.on_node.mirror import Mirror


class Service:
    """Stands for the link to a service whose folder of the job is ``root``."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        self.folder = NodeFolder(root, 1)
        self.sent: list[str] = []
        self.without_room: list[str] = []

    def json(self, method: str, path: str, body: Any = None) -> Any:
        self.sent.append(f"{method} {path}")
        if path == "beat":
            return {"stop": self.folder.is_to_stop()}
        if path == "marks":
            return self.folder.mark(body)
        if path == "left":
            return self.folder.missing([Left(**each) for each in body])
        files = [Left(**each) for each in body["files"]]
        return self.folder.end(files, body["records"], body["why"])

    def send_if_there_is_room(self, path: str, data: bytes) -> bytes:
        full = [each for each in self.without_room if each in path]
        if not full:
            return self.send("PUT", path, data)
        self.without_room.remove(full[0])
        raise Refused(NO_ROOM, "ada has 2 GB of 2 GB on the disk")

    def send(self, method: str, path: str, data: bytes) -> bytes:
        self.sent.append(f"{method} {path} {len(data)}")
        what, _, query = path.partition("?")
        numbers = {k: int(v) for k, v in (each.split("=") for each in query.split("&"))}
        kind, _, name = what.partition("/")
        if kind == "streams":
            size = self.folder.append(name, numbers["offset"], data)
        else:
            size = self.folder.put(name, numbers["offset"], numbers["size"], data)
        return json.dumps({"size": size}).encode()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "there")


@pytest.fixture
def content(tmp_path: Path) -> ContentStore:
    (tmp_path / "here" / "work").mkdir(parents=True)
    return ContentStore(tmp_path / "here" / "left")


@pytest.fixture
def mirror(tmp_path: Path, service: Service, content: ContentStore) -> Mirror:
    return Mirror(cast("Link", service), tmp_path / "here", content)


def test_what_grows_is_sent_once(tmp_path: Path, service: Service, mirror: Mirror) -> None:
    (tmp_path / "here" / "stdout").write_text("one")
    (tmp_path / "here" / "marks.json").write_text('{"timeout_s": 3}')
    mirror.step()
    mirror.step()
    with (tmp_path / "here" / "stdout").open("a") as file:
        file.write(" two")
    mirror.step()
    assert (tmp_path / "there" / "stdout").read_text() == "one two"
    pieces = [each for each in service.sent if "streams" in each]
    assert pieces == ["PUT streams/stdout?offset=0 3", "PUT streams/stdout?offset=3 4"]
    assert service.sent.count("PUT marks") == 1


def test_a_job_hears_that_it_is_to_stop(tmp_path: Path, mirror: Mirror) -> None:
    mirror.step()
    assert not (tmp_path / "here" / "stop").exists()
    (tmp_path / "there" / "stop").touch()
    mirror.step()
    assert (tmp_path / "here" / "stop").exists()


def test_what_a_job_left_is_there_in_the_end(
    tmp_path: Path, service: Service, mirror: Mirror
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    large = bytes(5 << 20)
    (here / "work" / "large").write_bytes(large)
    (here / "work" / "again").write_bytes(large)
    (here / "work" / "away").symlink_to("/etc/passwd")
    (here / "stderr").write_text("last\n")
    (here / "outcome.json").write_text('{"attempt": 1, "state": "completed"}')
    (here / "exit.json").write_text('{"attempt": 1, "status": 0, "signal": null}')
    mirror.end()
    assert (there / "work" / "large").read_bytes() == (there / "work" / "again").read_bytes()
    assert len([each for each in service.sent if each.startswith("PUT files/")]) == 2  # one content
    assert "park: not kept: 'away' is a symbolic link" in (there / "stderr").read_text()
    assert json.loads((there / "exit.json").read_text())["status"] == 0
    assert json.loads((there / "outcome.json").read_text())["state"] == "completed"


def test_a_job_that_left_no_work_directory_leaves_no_files(
    tmp_path: Path, service: Service, mirror: Mirror
) -> None:
    (tmp_path / "here" / "work").rmdir()
    mirror.end()
    assert service.sent[-2:] == ["POST left", "POST end"]


def test_what_finds_no_room_waits_for_it_and_says_so(
    tmp_path: Path, service: Service, content: ContentStore
) -> None:
    (tmp_path / "here" / "work" / "curve").write_bytes(b"much")
    service.without_room = 2 * [sha256(b"much").hexdigest()]
    Mirror(cast("Link", service), tmp_path / "here", content, pauses_s=(0.0, 0.0)).end()
    assert (tmp_path / "there" / "work" / "curve").read_bytes() == b"much"
    said = (tmp_path / "there" / "stderr").read_text()
    assert said == "park: what it left waits for room: ada has 2 GB of 2 GB on the disk\n"


def test_what_finds_no_room_takes_nothing_else_along(
    tmp_path: Path, service: Service, content: ContentStore
) -> None:
    for name, data in {"a": b"much", "b": b"much", "c": b"less"}.items():
        (tmp_path / "here" / "work" / name).write_bytes(data)
    (tmp_path / "here" / "exit.json").write_text('{"attempt": 1, "status": 0, "signal": null}')
    service.without_room = 2 * [sha256(b"much").hexdigest()]
    Mirror(cast("Link", service), tmp_path / "here", content, pauses_s=(0.0,)).end()
    there = tmp_path / "there"
    assert [each.name for each in (there / "work").iterdir()] == ["c"]
    assert json.loads((there / "exit.json").read_text())["status"] == 0
    why = "ada has 2 GB of 2 GB on the disk"
    assert (there / "stderr").read_text().splitlines()[1:] == [
        f"park: not kept: 'a': {why}",
        f"park: not kept: 'b': {why}",
    ]


def test_a_node_whose_disk_is_full_tells_the_end_all_the_same(
    tmp_path: Path, service: Service, content: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    here, there = tmp_path / "here", tmp_path / "there"
    (here / "work" / "curve").write_bytes(b"much")
    (here / "stderr").write_text("said\n")
    (here / "exit.json").write_text('{"attempt": 1, "status": 0, "signal": null}')
    monkeypatch.setattr(ContentStore, "intake", full)
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
    mirror = Mirror(cast("Link", service), here, content)
    mirror.end({"exit": {"attempt": 1, "status": 1, "signal": None}})
    assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before
    assert json.loads((there / "exit.json").read_text())["status"] == 1
    assert (there / "stderr").read_text() == (
        "said\npark: not kept: the disk of its node has no room to collect files:"
        " No space left on device\n"
    )


def test_what_else_is_wrong_with_its_files_is_raised(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(ContentStore, "intake", broken)
    with pytest.raises(OSError, match="Input/output error"):
        mirror.end()
