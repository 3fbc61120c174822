"""The folder of a job on a node, and its mirror at the service: what grows there, grows here.

Streams and progress are appended at an offset, and the service says how much it has; so whatever
was cut off goes on from there. Files go by content: only what the service lacks travels.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from park.runtime.folder import JobFolder, read_record
from park_server.content import ContentStore
from park_server.jobs.files.left_files import collect
from park_server.on_node.bootstrap import Link
from park_server.untrusted import TooMuch, folder

__all__ = ["Mirror"]

_CHUNK = 4 << 20
_STREAMS = ("stdout", "stderr", "progress.jsonl")
_RECORDS = ("outcome", "used", "used_base", "exit")


class Mirror:
    """What a job leaves in ``root``, sent to its service as it grows; ``content`` is the node's."""

    def __init__(self, link: Link, root: Path, content: ContentStore) -> None:
        self._link = link
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

    def end(self) -> None:
        """Send all that is left: the rest of the streams, the files by content, the records."""
        for name in _STREAMS:
            self._append(name)
        files, not_kept = self._collected()
        if not_kept:
            self._tell(not_kept)
        left = [{"name": each.name, "sha256": each.sha256, "size": each.size} for each in files]
        missing = self._link.json("POST", "left", left)
        for sha256, offset in missing.items():
            self._send_file(sha256, offset)
        found = {name: read_record(getattr(self._folder, name)) for name in _RECORDS}
        records = {name: record for name, record in found.items() if record is not None}
        self._link.json("POST", "end", {"files": left, "records": records, "why": None})

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

    def _tell(self, not_kept: list[str]) -> None:
        with (self._root / "stderr").open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(f"park: not kept: {line}\n" for line in not_kept)
        self._append("stderr")

    def _send_file(self, sha256: str, offset: int) -> None:
        path = self._content.path_of(sha256)
        size = path.stat().st_size
        with path.open("rb") as file:
            while True:
                file.seek(offset)
                query = urlencode({"offset": offset, "size": size})
                answer = self._link.send("PUT", f"files/{sha256}?{query}", file.read(_CHUNK))
                offset = int(json.loads(answer)["size"])
                if offset >= size:
                    return
