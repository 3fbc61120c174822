"""The user's cache of files: what is damaged there is fetched again, and never handed out."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from park.client.jobs import cached_files
from park.client.jobs.cached_files import cached_file
from park.errors import ServiceFault, ServiceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from park.client.access.transport import Transport

CONTENT = b"counts of a detector"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Answers:
    """A transport that counts the downloads."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.error: Exception | None = None
        self.downloads = 0

    def download(self, route: str, target: Path) -> None:
        assert route == "/file"
        self.downloads += 1
        target.write_bytes(self.content)
        if self.error is not None:
            raise self.error


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    return Answers()


def fetched(service: Answers, name: str = "run.txt") -> Path:
    return cached_file(cast("Transport", service), "/file", sha256=SHA256, name=name)


def forget() -> None:
    """Be another process, which has not looked at any file yet."""
    cached_files._whole.clear()


def test_a_file_is_fetched_once_and_read_once_in_each_process(
    service: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fetched(service)
    forget()
    read: list[Path] = []

    def digest(path: Path) -> str:
        read.append(path)
        return SHA256

    monkeypatch.setattr(cached_files, "file_sha256", digest)
    assert fetched(service) == fetched(service) == path
    assert (service.downloads, read) == (1, [path])
    assert path.stat().st_mode & 0o777 == 0o444
    assert fetched(service, "other").name == "other"


def test_that_it_was_used_is_seen_by_what_evicts(service: Answers) -> None:
    path = fetched(service)
    os.utime(path, (1, 1))
    fetched(service)
    assert path.stat().st_mtime > 1


def overwritten(path: Path) -> None:
    """Change a byte and nothing else that one sees."""
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(CONTENT.replace(b"d", b"D", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "x").touch()


def a_link(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"of somebody")
    path.unlink()
    path.symlink_to(other)


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "a byte": overwritten,
    "cut": lambda path: os.truncate(path, 4),
    "empty": lambda path: os.truncate(path, 0),
    "gone": lambda path: path.unlink(),
    "a folder": a_folder,
    "a link": a_link,
}


@pytest.mark.parametrize("same_process", [True, False], ids=["same", "another"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_damaged_is_fetched_again(
    service: Answers, damage: str, *, same_process: bool
) -> None:
    path = fetched(service)
    DAMAGES[damage](path)
    if not same_process:
        forget()
    assert fetched(service).read_bytes() == CONTENT
    assert service.downloads == 2


def test_what_is_in_the_place_of_its_folder_gives_way(service: Answers) -> None:
    folder = fetched(service).parent
    shutil.rmtree(folder)
    folder.write_text("no folder")
    assert fetched(service).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "error", "kind"),
    [
        (b"something else", None, ServiceFault),
        (CONTENT[:4], ServiceUnreachable("cut"), ServiceUnreachable),
    ],
    ids=["other", "cut"],
)
def test_what_is_not_it_is_told_and_leaves_nothing(
    service: Answers,
    tmp_path: Path,
    content: bytes,
    error: Exception | None,
    kind: type[Exception],
) -> None:
    service.content, service.error = content, error
    with pytest.raises(kind):
        fetched(service)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    service.content, service.error = CONTENT, None
    assert fetched(service).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("sha256", "name"),
    [
        ("../../victim", "Documents"),
        ("/victim", "Documents"),
        (SHA256, "../../victim/Documents"),
        (SHA256, ".."),
        (SHA256, ""),
        (None, "run.txt"),
    ],
)
def test_a_service_cannot_have_anything_outside_the_cache_removed(
    service: Answers, tmp_path: Path, sha256: Any, name: str
) -> None:
    """What is in the place of a file goes: the place is named by what a service says."""
    thesis = tmp_path / "victim" / "Documents" / "thesis.tex"
    kept = tmp_path / "cache" / "files" / "kept"
    for each in (thesis, kept):
        each.parent.mkdir(parents=True)
        each.touch()
    named = str(tmp_path / "victim") if sha256 == "/victim" else sha256
    with pytest.raises(ServiceFault, match="lead out of the cache"):
        cached_file(cast("Transport", service), "/file", sha256=named, name=name)
    assert (thesis.exists(), kept.exists(), service.downloads) == (True, True, 0)
