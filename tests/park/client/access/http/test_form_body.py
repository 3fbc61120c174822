"""Bodies that are read from a file while they are sent."""

from __future__ import annotations

from email.parser import BytesParser
from typing import TYPE_CHECKING, cast

import pytest

from park.client.access.http.form_body import FileBody, form_with_file
from park.errors import UsageError

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

BYTES = bytes(range(256)) * 9000


def test_a_form_has_the_fields_and_the_file(tmp_path: Path) -> None:
    file = tmp_path / 'a "film".whl'
    file.write_bytes(BYTES)
    body = form_with_file({":action": "file_upload", "name": "\u00fc"}, "content", file)
    sent = b"".join(body)
    assert body.headers["Content-Length"] == str(len(sent))
    kind = body.headers["Content-Type"].encode()
    parsed = BytesParser().parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + sent)
    members = cast("list[Message]", parsed.get_payload())
    parts = {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in members
    }
    assert parts == {":action": b"file_upload", "name": "\u00fc".encode(), "content": BYTES}
    (name,) = [part.get_filename() for part in members if part.get_filename()]
    assert name == "a %22film%22.whl"


def test_a_body_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "film.txt"
    file.write_bytes(BYTES)
    body = FileBody(file=file, size=len(BYTES), kind="text/plain")
    assert b"".join(body) == b"".join(body) == BYTES
    assert body.headers == {"Content-Type": "text/plain", "Content-Length": str(len(BYTES))}


@pytest.mark.parametrize("size", [len(BYTES) - 1, len(BYTES) + 1])
def test_a_file_that_changes_on_the_way_is_told(size: int, tmp_path: Path) -> None:
    file = tmp_path / "film.txt"
    file.write_bytes(BYTES)
    with pytest.raises(UsageError, match=r"film\.txt changed while it was sent"):
        list(FileBody(file=file, size=size, kind="text/plain"))


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    body = FileBody(file=tmp_path / "none", size=1, kind="text/plain")
    with pytest.raises(UsageError, match=r"cannot read .*none: No such file"):
        list(body)
