"""Bodies of requests that are read from a file while they are sent."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from park.errors import UsageError

__all__ = ["FileBody", "form_with_file"]

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBody:
    """The bytes of ``file``, between those ``before`` and ``after`` it; read anew each time."""

    file: Path
    size: int
    kind: str
    before: bytes = b""
    after: bytes = b""

    @property
    def headers(self) -> dict[str, str]:
        """What a request says of it."""
        length = len(self.before) + self.size + len(self.after)
        return {"Content-Type": self.kind, "Content-Length": str(length)}

    def __iter__(self) -> Iterator[bytes]:
        yield self.before
        yield from _blocks(self.file, self.size)
        yield self.after


def _blocks(path: Path, size: int) -> Iterator[bytes]:
    """Yield ``size`` bytes of a file; raises `UsageError` where it has more or less of them."""
    sent = 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                sent += len(block)
                if sent <= size:
                    yield block
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    if sent != size:
        raise UsageError(f"{path} changed while it was sent", hint="send it again")


def form_with_file(fields: Mapping[str, str], name: str, file: Path) -> FileBody:
    """Return a form (RFC 7578) of ``fields``, and of ``file`` as the one called ``name``."""
    boundary = os.urandom(16).hex()
    parts = [_part(boundary, f'name="{_quoted(each)}"', text) for each, text in fields.items()]
    kind = "Content-Type: application/octet-stream\r\n"
    about = f'name="{_quoted(name)}"; filename="{_quoted(file.name)}"'
    head = _head(boundary, about, kind)
    return FileBody(
        file=file,
        size=file.stat().st_size,
        kind=f"multipart/form-data; boundary={boundary}",
        before=("".join(parts) + head).encode(),
        after=f"\r\n--{boundary}--\r\n".encode(),
    )


def _part(boundary: str, about: str, text: str) -> str:
    return f"{_head(boundary, about)}{text}\r\n"


def _head(boundary: str, about: str, kind: str = "") -> str:
    return f"--{boundary}\r\nContent-Disposition: form-data; {about}\r\n{kind}\r\n"


def _quoted(name: str) -> str:
    """Return a name as browsers write it into a form (WHATWG, HTML, section 4.10.22.8)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
