from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from park.errors import InvalidUpload
from park_repo.file_store import FileStore
from park_repo.http import upload_form
from park_repo.http.upload_form import UploadForm, read_upload_form

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

CONTENT_TYPE = 'multipart/form-data; boundary="b"'
FIELDS = [(":action", "file_upload"), ("classifiers", "one"), ("classifiers", "two"), ("näme", "ü")]
LIMIT = 10_000


def body_of(content: bytes, fields: Sequence[tuple[str, str]] = FIELDS) -> bytes:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    head = 'Content-Disposition: form-data; name="content"; filename="demo.whl"'
    parts.append(f"--b\r\n{head}\r\nContent-Type: x/y\r\n\r\n".encode() + content + b"\r\n")
    return b"".join([*parts, b"--b--\r\n"])


def read(
    root: Path, chunks: Sequence[bytes], content_type: str | None = CONTENT_TYPE
) -> tuple[UploadForm, bytes]:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    with FileStore(root).incoming(limit=LIMIT) as incoming:
        form = asyncio.run(read_upload_form(stream(), content_type=content_type, into=incoming))
        incoming.finish()
        return form, incoming.path.read_bytes()


def test_fields_and_file_are_read(tmp_path: Path) -> None:
    form, content = read(tmp_path, [body_of(b"wheel")])
    assert form.filename == "demo.whl"
    assert form.fields == {":action": "file_upload", "classifiers": "one", "näme": "ü"}
    assert content == b"wheel"


@pytest.mark.parametrize("name", [r"c:\demo.whl", r"\\host\demo.whl", r"x\demo.whl", r"de\"mo.whl"])
def test_a_path_of_windows_is_no_name_of_a_file(tmp_path: Path, name: str) -> None:
    sent = body_of(b"wheel").replace(b"demo.whl", name.encode())
    with pytest.raises(InvalidUpload, match="backslash") as caught:
        read(tmp_path, [sent])
    assert name in caught.value.message


@given(data=st.data())
@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    max_examples=50,
)
def test_chunks_may_be_cut_anywhere(tmp_path: Path, data: st.DataObject) -> None:
    # all that looks like the beginning of a boundary, but no boundary
    pieces = st.sampled_from([b"\r\n--", b"\r\n", b"\r", b"\n", b"-", b"x"])
    content = data.draw(st.lists(pieces).map(b"".join))
    body = body_of(content)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)))))
    chunks = [body[i:j] for i, j in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    form, written = read(tmp_path, chunks)
    assert (form.fields[":action"], written) == ("file_upload", content)


@pytest.mark.parametrize("content_type", [None, "text/plain", "multipart/form-data", "multipart/x"])
def test_only_forms_are_read(tmp_path: Path, content_type: str | None) -> None:
    with pytest.raises(InvalidUpload, match="expected multipart/form-data"):
        read(tmp_path, [], content_type)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "broke off"),
        (body_of(b"wheel")[:-8], "broke off"),
        (b"nonsense", "not a multipart form"),
        (body_of(b"").replace(b'name="content"', b'name="other"'), "no file in the field"),
        (body_of(b"").replace(b"--b--\r\n", b"") + body_of(b""), "two files in the field"),
        (body_of(bytes(LIMIT + 1)), "limit of 10,000 bytes"),
    ],
)
def test_what_is_no_whole_form_is_refused(tmp_path: Path, body: bytes, reason: str) -> None:
    with pytest.raises(InvalidUpload, match=reason):
        read(tmp_path, [body])
    assert list((tmp_path / "incoming").iterdir()) == []


def test_an_endless_boundary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidUpload, match="not a multipart form"):
        read(tmp_path, [], f"multipart/form-data; boundary={'b' * 10_000}")


def test_the_fields_together_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_form, "MAX_FIELDS_BYTES", 100)
    with pytest.raises(InvalidUpload, match="fields are over 100 bytes"):
        read(tmp_path, [body_of(b"", [("description", "long" * 30)])])


def test_a_form_has_so_many_fields_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_form, "MAX_PARTS", 4)
    fields = [("", "")] * 3
    assert read(tmp_path, [body_of(b"wheel", fields)])[1] == b"wheel"
    with pytest.raises(InvalidUpload, match="more than 4 fields"):
        read(tmp_path, [body_of(b"wheel", [*fields, ("", "")])])


def test_others_have_a_turn_while_a_form_is_read(tmp_path: Path) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def stream() -> AsyncIterator[bytes]:
        yield body_of(b"wheel", [("a", "")] * 4000)

    async def reading() -> None:
        beside = asyncio.create_task(others())
        with FileStore(tmp_path).incoming(limit=LIMIT) as incoming:
            await read_upload_form(stream(), content_type=CONTENT_TYPE, into=incoming)
        beside.cancel()

    asyncio.run(reading())
    assert turns >= 10
