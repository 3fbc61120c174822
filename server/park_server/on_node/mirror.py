"""The folder of a job on a node, and its mirror at the service: what grows there, grows here.

Streams and progress are appended at an offset, and the service says how much it has; so whatever
was cut off goes on from there. Files go by content: only what the service lacks travels. Where the
user has no room for them, the node waits for a while, and then goes on with the others.
"""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from park.runtime.folder import JobFolder, read_record
from park_server.content import ContentStore
from park_server.jobs.files.left_files import collect
from park_server.on_node.bootstrap import NO_ROOM, Link, Refused
from park_server.untrusted import TooMuch, folder

__all__ = ["Mirror"]

_CHUNK = 4 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_STREAMS = ("stdout", "stderr", "progress.jsonl")
_RECORDS = ("outcome", "used", "used_base", "exit")

_PAUSES_S = (1.0, 2.0, 4.0, 8.0, *59 * (10.0,))
"""Between tries to send what finds no room: ten minutes in all, for a node is held meanwhile."""


class Mirror:
    """What a job leaves in ``root``, sent to its service as it grows; ``content`` is the node's.

    ``pauses_s`` are what it waits in all for room at the service, before files are not kept.
    """

    def __init__(
        self,
        link: Link,
        root: Path,
        content: ContentStore,
        pauses_s: Iterable[float] = _PAUSES_S,
    ) -> None:
        self._link = link
        self._pauses_s = iter(pauses_s)
        self._is_room_missed = False
        self._root = root
        self._content = content
        self._sent = dict.fromkeys(_STREAMS, 0)
        self._is_marked = False

    def step(self) -> None:
        """Send what is new; let the job hear that it is to stop, where it is."""
        for name in _STREAMS:
            self._append(name)
        marks = None if self._is_marked else read_record(self._folder.marks)
        if marks is not None:
            self._link.json("PUT", "marks", marks)
            self._is_marked = True
        if self._link.json("POST", "beat")["stop"]:
            Path(self._folder.stop).touch()

    def end(self, records: Mapping[str, Any] | None = None) -> None:
        """Send all that is left: the rest of the streams, the files by content, the records.

        ``records`` are further ones, which a full disk of the node does not take.
        """
        for name in _STREAMS:
            self._append(name)
        files, not_kept = self._collected()
        if not_kept:
            self._tell(not_kept)
        left = [{"name": each.name, "sha256": each.sha256, "size": each.size} for each in files]
        missing = self._link.json("POST", "left", left)
        left = self._with_room(left, missing)
        found = {name: read_record(getattr(self._folder, name)) for name in _RECORDS}
        whole = {name: record for name, record in found.items() if record is not None}
        whole |= records or {}  # a job may have written one that looks like it
        self._link.json("POST", "end", {"files": left, "records": whole, "why": None})

    @property
    def _folder(self) -> JobFolder:
        return JobFolder(root=str(self._root))

    def _append(self, name: str) -> None:
        try:
            file = (self._root / name).open("rb")
        except FileNotFoundError:
            return
        with file:
            while True:
                file.seek(self._sent[name])
                data = file.read(_CHUNK)
                if not data:
                    return
                query = urlencode({"offset": self._sent[name]})
                answer = self._link.send("PUT", f"streams/{name}?{query}", data)
                there = int(json.loads(answer)["size"])
                if there > self._sent[name] + len(data):
                    raise ValueError(
                        f"the service has {there:,} bytes of {name}, more than we sent"
                    )
                self._sent[name] = there

    def _collected(self) -> tuple[Any, list[str]]:
        try:
            with folder(self._root, ["work"]) as work:
                return collect(work, self._content)
        except (FileNotFoundError, NotADirectoryError):
            return (), []
        except TooMuch as error:
            return (), [f"it left {error} in its work directory: leave an archive"]
        except OSError as error:
            if error.errno not in _FULL:
                raise
            return (), [f"the disk of its node has no room to collect files: {error.strerror}"]

    def _tell(self, not_kept: list[str]) -> None:
        self._write(*(f"not kept: {line}" for line in not_kept))

    def _write(self, *lines: str) -> None:
        """Say ``lines`` behind all that the job has said, which has ended, and was sent.

        They go there without a way through this disk, which may be full.
        """
        text = "".join(f"park: {line}\n" for line in lines)
        offset = self._sent["stderr"]
        query = urlencode({"offset": offset})
        data = text.encode("utf-8", "backslashreplace")
        answer = self._link.send("PUT", f"streams/stderr?{query}", data)
        self._sent["stderr"] = int(json.loads(answer)["size"])

    def _with_room(
        self, left: Sequence[dict[str, Any]], missing: Mapping[str, int]
    ) -> list[dict[str, Any]]:
        """Send what is ``missing``; return what is there of all ``left``."""
        refused: dict[str, str] = {}
        for sha256, offset in missing.items():
            try:
                self._send_file(sha256, offset)
            except Refused as error:
                if error.status not in {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, NO_ROOM}:
                    raise
                refused[sha256] = str(error)
        kept = [each for each in left if each["sha256"] not in refused]
        if refused:
            without = [each for each in left if each["sha256"] in refused]
            self._tell([f"{each['name']!r}: {refused[each['sha256']]}" for each in without])
        return kept

    def _send_file(self, sha256: str, offset: int) -> None:
        path = self._content.path_of(sha256)
        size = path.stat().st_size
        with path.open("rb") as file:
            while True:
                file.seek(offset)
                query = urlencode({"offset": offset, "size": size})
                answer = self._send_piece(f"files/{sha256}?{query}", file.read(_CHUNK))
                offset = int(json.loads(answer)["size"])
                if offset >= size:
                    return

    def _send_piece(self, path: str, data: bytes) -> bytes:
        while True:
            try:
                return self._link.send_if_there_is_room(path, data)
            except Refused as error:
                pause_s = next(self._pauses_s, None) if error.status == NO_ROOM else None
                if pause_s is None:
                    raise
                if not self._is_room_missed:
                    self._write(f"what it left waits for room: {error}")
                    self._is_room_missed = True
            time.sleep(pause_s)
