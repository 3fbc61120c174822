"""Crates from anybody: what is damaged, foreign or hostile is refused by name."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.material.crates import JOB, small_crate

from park.client.crates.crate_records import ABOUT, METADATA, member_name
from park.client.crates.read_crate import opened
from park.errors import UsageError

CALL = f"jobs/{JOB}/call.json"


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    small_crate(tmp_path / "files", tmp_path / "crate.zip")
    return tmp_path / "crate.zip"


def rewritten(crate: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """Return a copy of ``crate`` with other members."""
    with zipfile.ZipFile(crate) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    other = crate.with_name("other.zip")
    with zipfile.ZipFile(other, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return other


def described_otherwise(crate: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Return a copy of ``crate`` with another description."""

    def edit(members: dict[str, bytes]) -> None:
        document = json.loads(members[ABOUT])
        change(document)
        members[ABOUT] = json.dumps(document).encode()

    return rewritten(crate, edit)


def unpacked(crate: Path, folder: Path) -> None:
    folder.mkdir()
    with opened(crate) as read:
        read.unpack(folder)


def refused(crate: Path, match: str) -> None:
    folder = crate.parent / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    with pytest.raises(UsageError, match=match) as found:
        unpacked(crate, folder)
    assert found.value.hint


def test_a_whole_one_is_read_and_unpacked(crate: Path, tmp_path: Path) -> None:
    with opened(crate) as read:
        assert read.record.jobs[0].entry_point == "light_model:fit"
        (tmp_path / "unpacked").mkdir()
        read.unpack(tmp_path / "unpacked")
    for file in (tmp_path / "files").rglob("*"):
        if file.is_file():
            copy = tmp_path / "unpacked" / file.relative_to(tmp_path / "files")
            assert copy.read_bytes() == file.read_bytes()


def test_one_that_was_packed_again_is_read(crate: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    with zipfile.ZipFile(crate) as one, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as other:
        for name in one.namelist():
            other.writestr(name, one.read(name))
    unpacked(again, tmp_path / "unpacked")


@pytest.mark.parametrize("cut", [0, 10, 300, -200, -1])
def test_a_damaged_one_is_refused(crate: Path, cut: int) -> None:
    data = crate.read_bytes()
    crate.write_bytes(data[:cut])
    refused(crate, "crate.zip is no crate")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_whatever_is_changed_in_one_it_is_read_whole_or_refused(
    crate: Path, tmp_path: Path, method: int
) -> None:
    """Each decompressor has errors of its own, and so has the reader of the archive's list."""
    with zipfile.ZipFile(crate) as one, zipfile.ZipFile(tmp_path / "all", "w", method) as other:
        for name in one.namelist():
            other.writestr(name, one.read(name))
    data = (tmp_path / "all").read_bytes()
    chance = random.Random(7)  # noqa: S311 (the same places at each run)
    for number in range(300):
        changed = bytearray(data)
        for place in chance.sample(range(len(data)), 3):
            changed[place] = chance.randrange(256)
        crate.write_bytes(changed)
        with suppress(UsageError):
            unpacked(crate, tmp_path / str(number))


@pytest.mark.parametrize(
    ("place", "value", "match"),
    [(8, 1, "encrypted"), (10, 99, "compression|Truncated|supported"), (28, 255, "cannot be read")],
)
def test_what_no_reader_reads_is_refused(crate: Path, place: int, value: int, match: str) -> None:
    """An entry of the archive's list that is encrypted, of a new method, or of no length."""
    data = bytearray(crate.read_bytes())
    entry = data.find(b"PK\x01\x02")
    while entry >= 0:
        data[entry + place] = value
        entry = data.find(b"PK\x01\x02", entry + 1)
    crate.write_bytes(data)
    refused(crate, match)


def test_a_file_that_is_a_folder_as_well_is_refused(crate: Path) -> None:
    def edit(members: dict[str, bytes]) -> None:
        document = json.loads(members[ABOUT])
        for name in ("x", "x/y"):
            members[name] = b""
            empty = {"path": name, "sha256": hashlib.sha256(b"").hexdigest(), "size": 0}
            document["files"].append(empty)
        members[ABOUT] = json.dumps(document).encode()

    other = rewritten(crate, edit)
    (other.parent / "unpacked").mkdir()
    with opened(other) as read, pytest.raises(UsageError, match=r"cannot write .*: "):
        read.unpack(other.parent / "unpacked")


def test_no_file_is_no_crate(tmp_path: Path) -> None:
    refused(tmp_path / "none.zip", "cannot be read: No such file")


@pytest.mark.parametrize(
    ("left", "match"),
    [({METADATA}, "an RO-Crate of another program"), (set(), "an archive of another program")],
)
def test_a_foreign_one_is_refused(crate: Path, left: set[str], match: str) -> None:
    def strip(members: dict[str, bytes]) -> None:
        for name in members.keys() - left:
            del members[name]

    refused(rewritten(crate, strip), match)


@pytest.mark.parametrize(
    "name", ["../out", "a/../../out", "/etc/passwd", "a\\b", "C:x", "a//b", "./a", "a\nb", "nul\0"]
)
def test_a_name_that_leads_out_is_refused(crate: Path, name: str) -> None:
    other = crate.with_name("other.zip")
    other.write_bytes(crate.read_bytes())
    with zipfile.ZipFile(other, "a") as archive:
        member = zipfile.ZipInfo("placeholder")
        member.filename = name
        archive.writestr(member, "x")
    refused(other, "leads out of the crate|in it, and not in its description")
    assert not (crate.parent.parent / "out").exists()


@pytest.mark.parametrize(("mode", "match"), [(0o120777, "is a link"), (0o010644, "no file")])
def test_a_link_or_a_pipe_is_refused(crate: Path, mode: int, match: str) -> None:
    with zipfile.ZipFile(crate, "a") as archive:
        member = zipfile.ZipInfo("link")
        member.external_attr = mode << 16
        archive.writestr(member, "/etc/passwd")
    refused(crate, match)


def test_a_bomb_is_refused_before_it_is_unpacked(crate: Path) -> None:
    with zipfile.ZipFile(crate, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(65 << 20))
    refused(crate, r"'bomb' would take 65\.0 MiB, of")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(crate: Path) -> None:
    with zipfile.ZipFile(crate, "a") as archive:
        archive.writestr(CALL, "{}")
    refused(crate, "is in it twice")


def test_a_changed_member_is_refused(crate: Path) -> None:
    def edit(members: dict[str, bytes]) -> None:
        members[CALL] = members[CALL].replace(b"1", b"2")

    refused(rewritten(crate, edit), f"{CALL} in .*expected .* SHA-256")


def test_a_missing_and_an_added_member_are_refused(crate: Path) -> None:
    refused(rewritten(crate, lambda members: members.pop(CALL)), "is missing")
    refused(rewritten(crate, lambda members: members.update(more=b"x")), "not in its description")


CHANGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda d: d.update(format=2), "its format is 2"),
    (lambda d: d.pop("jobs"), "damaged"),
    (lambda d: d.update(jobs=7), "damaged"),
    (lambda d: d.update(job="another"), "names a job or an environment that it lacks"),
    (lambda d: d["jobs"][0].update(environment="ef"), "that it lacks"),
    (lambda d: d["jobs"].append(d["jobs"][0]), "something twice"),
    (lambda d: d["files"].append(d["files"][0]), "something twice"),
    (lambda d: d["files"][0].update(sha256="7"), "has no digest"),
    (lambda d: d["files"][0].update(size=1 << 60), "by its description"),
    (lambda d: d["jobs"][0].update(call="../../call.json"), "does not list it so"),
    (lambda d: d["jobs"][0]["inputs"][0].update(name="../film.txt"), "no name of a file"),
    (lambda d: d["jobs"][0]["inputs"][0].update(name=".."), "no name of a file"),
    (lambda d: d["jobs"][0]["inputs"][0].update(sha256="ab" * 32), "does not list it so"),
    (lambda d: d["environments"][0].update(python="3/../../x"), "is no id"),
    (lambda d: d["environments"][0]["wheels"][0].update(filename="../x.whl"), "list it so"),
    (lambda d: d["environments"][0]["wheels"][0].update(sha256="ab" * 32), "list it so"),
]


@pytest.mark.parametrize("place", range(len(CHANGES)))
def test_a_description_that_is_not_of_what_is_there_is_refused(crate: Path, place: int) -> None:
    change, match = CHANGES[place]
    refused(described_otherwise(crate, change), match)


@pytest.mark.parametrize("job", ["..", ".", "a/b", ""])
def test_an_id_that_is_a_path_is_refused(crate: Path, job: str) -> None:
    def edit(document: dict[str, Any]) -> None:
        document["jobs"][0]["id"] = document["job"] = job

    refused(described_otherwise(crate, edit), "is no id")


def test_what_does_not_fit_is_not_begun(crate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")  # noqa: PYI024 (as shutil has it)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10, 5, 5))
    refused(crate, "takes .* and .* has 5 B free")


@pytest.mark.parametrize(
    "name",
    ["fit.dat", "a/b c.dat", "A.dat", "a?b*.dat", "a\\b", "x:y", "new\nline", "\udce4", "50%"],
)
def test_whatever_a_job_calls_its_file_a_crate_with_it_is_read(tmp_path: Path, name: str) -> None:
    place = f"jobs/{JOB}/outputs/{member_name(name)}"
    target = tmp_path / "files" / place
    target.parent.mkdir(parents=True)
    target.write_text("1.5")
    small_crate(tmp_path / "files", tmp_path / "crate.zip")
    unpacked(tmp_path / "crate.zip", tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / place).read_text() == "1.5"


def test_files_that_differ_by_case_alone_are_two(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    for name in ("A.dat", "a.dat"):
        (tmp_path / "files" / name).write_text(name)
    small_crate(tmp_path / "files", tmp_path / "crate.zip")
    unpacked(tmp_path / "crate.zip", tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "A.dat").read_text() == "A.dat"
