"""Files on their way: each once, in order, and told where it is waited for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

from park.client.submission.files import FileDigest
from park.client.submission.uploads import Uploads
from park.errors import ServiceUnreachable

if TYPE_CHECKING:
    from pathlib import Path


class Store:
    """A service that keeps files, once its gate is open."""

    def __init__(self, *present: str) -> None:
        self.present = set(present)
        self.sent: list[str] = []
        self.asked: list[str] = []
        self.unreachable: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()

    def json(self, method: str, path: str) -> dict[str, bool]:
        sha256 = path.split("/")[-2]
        self.asked.append(f"{method} {sha256}")
        return {"present": sha256 in self.present}

    def put(self, path: str, _file: Path) -> None:
        assert self.gate.wait(LIMIT_S)
        sha256 = path.rpartition("/")[2]
        if sha256 in self.unreachable:
            raise ServiceUnreachable(f"{sha256} got lost")
        self.sent.append(sha256)
        self.present.add(sha256)


def uploads(store: Any) -> Uploads:
    return Uploads(store)


def files(folder: Path, *digests: str) -> list[tuple[Path, FileDigest]]:
    return [(folder / digest, FileDigest(sha256=digest, name=digest)) for digest in digests]


def test_only_what_is_not_there_is_sent_in_its_order(tmp_path: Path) -> None:
    store = Store("b")
    uploads(store).begin(files(tmp_path, "a", "b", "c")).result(LIMIT_S)
    assert store.sent == ["a", "c"]


def test_what_is_known_to_be_there_is_not_asked_for_again(tmp_path: Path) -> None:
    store = Store("b")
    sending = uploads(store)
    for _ in range(2):
        sending.begin(files(tmp_path, "a", "b")).result(LIMIT_S)
    assert store.asked == ["GET a", "GET b"]


def test_it_returns_at_once_and_files_follow_one_another(tmp_path: Path) -> None:
    store = Store()
    store.gate.clear()
    sending = uploads(store)
    first, second = (sending.begin(files(tmp_path, name)) for name in "ab")
    assert not first.done()
    store.gate.set()
    second.result(LIMIT_S)
    assert first.done()
    assert store.sent == ["a", "b"]


def test_a_file_that_does_not_arrive_is_told_by_its_own_and_tried_again_for_others(
    tmp_path: Path,
) -> None:
    store = Store()
    store.unreachable.add("a")
    sending = uploads(store)
    lost, good = sending.begin(files(tmp_path, "a")), sending.begin(files(tmp_path, "b"))
    with pytest.raises(ServiceUnreachable, match="a got lost"):
        lost.result(LIMIT_S)
    good.result(LIMIT_S)
    store.unreachable.clear()
    sending.begin(files(tmp_path, "a")).result(LIMIT_S)
    assert store.sent == ["b", "a"]
