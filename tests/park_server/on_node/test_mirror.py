"""The mirror of a job's folder: what grew is sent once, and what was lost again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from park_server.content import ContentStore
from park_server.node_desk.intake import Left, NodeFolder
from park_server.on_node.bootstrap import Link
from park_server.on_node.mirror import Mirror


class Service:
    """Stands for the link to a service whose folder of the job is ``root``."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        self.folder = NodeFolder(root, 1)
        self.sent: list[str] = []

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
def mirror(tmp_path: Path, service: Service) -> Mirror:
    (tmp_path / "here" / "work").mkdir(parents=True)
    content = ContentStore(tmp_path / "here" / "left")
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
