from __future__ import annotations

import json
from dataclasses import replace

import pytest

from park.errors import CannotSatisfy
from park_server.backup.backup_record import Entry, Record, TableFile, parse_record

DIGEST = "ab" * 32
RECORD = Record(
    park="0.1.0",
    schema="0001",
    database="sqlite",
    made="2026-11-27T08:00:00Z",
    tables={"jobs": TableFile(sha256="cd" * 32, size=5, rows=1)},
    counters={"events": 7},
    entries=(
        Entry(path="jobs", kind="folder", mode=0o711),
        Entry(path="jobs/caf\udce9\n", kind="file", mode=0o444, size=3, sha256=DIGEST),
        Entry(path="jobs/link", kind="link", target="/etc/passwd"),
    ),
    lacking=("index/files/… is not there",),
)


def text_of(record: Record) -> bytes:
    return "".join(record.lines()).encode("ascii")


def test_a_record_comes_back_as_it_was() -> None:
    assert parse_record(text_of(RECORD), "B") == RECORD
    assert RECORD.contents() == {DIGEST: 3, "cd" * 32: 5}


@pytest.mark.parametrize("cut", [0, 1, 40, 400, -1, -2, -70, -90])
def test_one_that_ends_too_soon_is_damaged(cut: int) -> None:
    with pytest.raises(CannotSatisfy, match="the backup B is damaged") as told:
        parse_record(text_of(RECORD)[:cut], "B")
    assert "nothing was written" in (told.value.hint or "")


def test_any_byte_that_is_another_is_seen() -> None:
    text = text_of(RECORD)
    for at in range(len(text)):
        other = text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]
        with pytest.raises(CannotSatisfy):
            parse_record(other, "B")


def test_a_newer_format_is_told_as_that() -> None:
    head, *rest = text_of(RECORD).decode().splitlines()
    newer = [json.dumps(json.loads(head) | {"format": 2}), *rest[:-1]]
    with pytest.raises(CannotSatisfy, match="has the format 2; this park reads 1"):
        parse_record(_sealed(newer), "B")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "jobs/../../x", "nowhere/x", "jobs/link/x", "", "."]
)
def test_what_is_not_below_a_folder_of_the_home_is_refused(path: str) -> None:
    file = Entry(path=path, kind="file", sha256=DIGEST)
    crafted = replace(RECORD, entries=(*RECORD.entries, file))
    with pytest.raises(CannotSatisfy, match="not below a folder of the home"):
        parse_record(text_of(crafted), "B")


def test_what_is_no_digest_names_no_file() -> None:
    file = Entry(path="x", kind="file", sha256="../../../etc/passwd")
    with pytest.raises(CannotSatisfy, match="which is no digest"):
        parse_record(text_of(replace(RECORD, entries=(file,))), "B")


def _sealed(lines: list[str]) -> bytes:
    import hashlib

    text = "".join(f"{line}\n" for line in lines)
    seal = json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest()})
    return f"{text}{seal}\n".encode()
