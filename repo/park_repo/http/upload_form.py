"""The body of the legacy upload API: a multipart form, its ``content`` straight to the disk.

The form is read once, as it arrives. The file goes through a hash into an incoming file;
nothing of it is held in memory or spooled a second time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from park.errors import InvalidUpload

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Mapping

    from park_repo.file_store import IncomingFile

__all__ = ["UploadForm", "read_upload_form"]

MAX_FIELDS_BYTES = 32 << 20
"""All fields but the file, together: the long description is the largest, some 100 kB."""

MAX_PARTS = 10_000
"""Fields and file together; a release of the most has some thousand, for what it requires."""

_MOST_SHOWN = 120

_AT_ONCE = 16 << 10
"""Bytes that are parsed before others have a turn: fields of a letter each take 20 ms for 64 kB."""

_FILE_FIELD = "content"


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadForm:
    """The form of one upload: its text fields and the name of its file."""

    filename: str
    fields: Mapping[str, str]
    """The first value of each field; what is repeated (classifiers) is of no use here."""


async def read_upload_form(
    chunks: AsyncIterable[bytes], *, content_type: str | None, into: IncomingFile
) -> UploadForm:
    """Read a form from ``chunks``, writing its ``content`` to ``into``.

    Raises `InvalidUpload` for what is no whole form with one file, `TooLarge` past a limit.
    """
    boundary = _boundary(content_type)
    try:
        reader = _FormReader(boundary, into)
        async for chunk in chunks:
            for start in range(0, len(chunk), _AT_ONCE):
                reader.feed(chunk[start : start + _AT_ONCE])
                await asyncio.sleep(0)
    except FormParserError as error:
        raise InvalidUpload(f"the upload is not a multipart form: {error}") from error
    return reader.result()


def _boundary(content_type: str | None) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise InvalidUpload(
            f"expected multipart/form-data with a boundary, found {content_type!r}",
            hint="upload with twine, uv publish, or any client of the legacy upload API",
        )
    return options[b"boundary"]


def _filename_in(disposition: bytes, options: Mapping[bytes, bytes]) -> str:
    r"""Return the name of the file as it was sent; raises `InvalidUpload` for a path of Windows.

    The parser makes ``foo.whl`` of ``c:\foo.whl``, which one old browser sent; no tool does.
    """
    if b"\\" in disposition:
        shown = disposition.decode("utf-8", "replace")[:_MOST_SHOWN]
        raise InvalidUpload(
            f"the name of the file has a backslash in it: {shown}",
            hint="send the name alone, without the folder",
        )
    return options.get(b"filename", b"").decode("utf-8", "replace")


class _FormReader:
    """The state of a form while it is read: which part we are in, and what we have."""

    def __init__(self, boundary: bytes, into: IncomingFile) -> None:
        self._into = into
        self._filename: str | None = None
        self._fields: dict[str, str] = {}
        self._is_whole = False
        self._fields_bytes = 0
        self._parts = 0
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name = ""
        self._value = bytearray()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": lambda d, start, end: self._header[0].extend(d[start:end]),
                "on_header_value": lambda d, start, end: self._header[1].extend(d[start:end]),
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Parse one chunk of the body."""
        if chunk:
            self._parser.write(chunk)

    def result(self) -> UploadForm:
        """Return the form; raises `InvalidUpload` if it broke off or has no file."""
        if not self._is_whole:
            raise InvalidUpload("the upload broke off before its end", hint="try again")
        if self._filename is None:
            raise InvalidUpload(f"the form has no file in the field {_FILE_FIELD!r}")
        return UploadForm(filename=self._filename, fields=self._fields)

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise InvalidUpload(f"the form has more than {MAX_PARTS:,} fields")
        self._disposition = b""
        self._value.clear()

    def _on_header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        name.clear()
        value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name == _FILE_FIELD:
            if self._filename is not None:
                raise InvalidUpload(f"two files in the field {_FILE_FIELD!r}; expected one")
            self._filename = _filename_in(self._disposition, options)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name == _FILE_FIELD:
            self._into.write(memoryview(data)[start:end])
            return
        self._fields_bytes += end - start
        if self._fields_bytes > MAX_FIELDS_BYTES:
            raise InvalidUpload(f"the form's fields are over {MAX_FIELDS_BYTES:,} bytes")
        self._value += data[start:end]

    def _on_part_end(self) -> None:
        if self._name and self._name != _FILE_FIELD:
            self._fields.setdefault(self._name, self._value.decode("utf-8", "replace"))

    def _on_end(self) -> None:
        self._is_whole = True
