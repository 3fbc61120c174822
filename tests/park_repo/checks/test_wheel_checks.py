"""What a wheel must hold: its metadata, tags and RECORD agree with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.wheels import record_of, wheel_members, write_archive

from park.errors import InvalidUpload
from park_repo.checks.file_facts import FileFacts
from park_repo.checks.inspection import inspect_file

if TYPE_CHECKING:
    from pathlib import Path


FILENAME = "demo-1.0-py3-none-any.whl"


DIST_INFO = "demo-1.0.dist-info"


def inspected(directory: Path, members: dict[str, bytes], filename: str = FILENAME) -> FileFacts:
    return inspect_file(write_archive(directory / filename, members), filename, {})


def rerecorded(members: dict[str, bytes]) -> dict[str, bytes]:
    return members | {f"{DIST_INFO}/RECORD": record_of(members, DIST_INFO)}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"Name: demo", b"Name: other", "metadata name the project 'other'; expected 'demo'"),
        (b"Version: 1.0", b"Version: 1.1", "metadata have the version '1.1'; expected '1.0'"),
        (b"Version: 1.0", b"Version: x", "metadata have the version 'x'"),
        (b">=3.11", b"python3", "Requires-Python is no version specifier: 'python3'"),
    ],
)
def test_metadata_must_agree(tmp_path: Path, old: bytes, new: bytes, reason: str) -> None:
    members = wheel_members()
    metadata = members[f"{DIST_INFO}/METADATA"]
    members[f"{DIST_INFO}/METADATA"] = metadata.replace(b"\n" + old, b"\n" + new).replace(
        b": " + old, b": " + new
    )
    with pytest.raises(InvalidUpload, match=reason):
        inspected(tmp_path, rerecorded(members))


def test_tags_must_agree(tmp_path: Path) -> None:
    with pytest.raises(InvalidUpload, match="WHEEL has the tags py3-none-any"):
        inspected(tmp_path, wheel_members(), "demo-1.0-cp311-cp311-linux_x86_64.whl")
    members = wheel_members()
    members[f"{DIST_INFO}/WHEEL"] = b"Wheel-Version: 1.0\nTag: py2.py3-none-any\n"
    inspected(tmp_path, rerecorded(members), "demo-1.0-py2.py3-none-any.whl")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"demo.py": b"tampered"}, r"member 'demo.py' differs from its digest"),
        ({"extra.py": b""}, r"member 'extra.py' is not in RECORD"),
        ({f"{DIST_INFO}/RECORD": b"demo.py,sha256=AAAA,1\n" * 2}, r"RECORD lists 'demo.py' twice"),
        ({f"{DIST_INFO}/RECORD": b"gone.py,sha256=AAAA,1\n"}, r"lists 'gone.py', which the wheel"),
        ({f"{DIST_INFO}/RECORD": b"demo.py,md5=AAAA,1\n"}, r"has no sha256|not in RECORD"),
        ({f"{DIST_INFO}/RECORD": b"demo.py\n"}, r"RECORD cannot be read"),
        ({f"{DIST_INFO}/RECORD": b"demo.py,nonsense,one\n"}, r"RECORD cannot be read"),
        ({f"{DIST_INFO}/RECORD": b"\xff"}, r"RECORD is missing or not UTF-8"),
    ],
)
def test_record_must_agree(tmp_path: Path, change: dict[str, bytes], reason: str) -> None:
    with pytest.raises(InvalidUpload, match=reason):
        inspected(tmp_path, wheel_members() | change)


@pytest.mark.parametrize(
    "text", [b"", b"Wheel-Version: 2.0\n", b"Wheel-Version: 1\n", b"Wheel-Version: 1.0\n" * 2]
)
def test_wheel_versions_that_installers_refuse_are_refused(tmp_path: Path, text: bytes) -> None:
    members = wheel_members() | {f"{DIST_INFO}/WHEEL": text + b"Tag: py3-none-any\n"}
    with pytest.raises(InvalidUpload, match=r"Wheel-Version .*; expected one, of 1\.x") as refused:
        inspected(tmp_path, rerecorded(members))
    assert refused.value.details == {"member": f"{DIST_INFO}/WHEEL", "rule": "wheel-version"}
    later = members | {f"{DIST_INFO}/WHEEL": b"Wheel-Version: 1.9\nTag: py3-none-any\n"}
    inspected(tmp_path, rerecorded(later))


def test_weak_digests_are_refused(tmp_path: Path) -> None:
    members = wheel_members()
    record = members[f"{DIST_INFO}/RECORD"].decode().splitlines()
    members[f"{DIST_INFO}/RECORD"] = "\n".join(["demo.py,,", *record[1:]]).encode()
    with pytest.raises(InvalidUpload, match=r"member 'demo.py' has no sha256"):
        inspected(tmp_path, members)


@pytest.mark.parametrize(
    "requirement",
    ["evil @ http://127.0.0.1:9/evil.whl", "evil @ file:///etc ; extra == 'x' and os_name == 'nt'"],
)
def test_a_requirement_names_no_url(tmp_path: Path, requirement: str) -> None:
    with pytest.raises(InvalidUpload, match=r"has a direct reference, .evil @") as caught:
        inspected(tmp_path, wheel_members(requires=["six", requirement]))
    assert caught.value.details["rule"] == "direct-reference"


def licensed(version: str) -> dict[str, bytes]:
    members = wheel_members(version=version)
    name = f"demo-{version}.dist-info/METADATA"
    text = members[name].replace(b"Metadata-Version: 2.1", b"Metadata-Version: 2.4")
    members[name] = text + b"License-File: LICENSE\n"
    return members | {
        f"demo-{version}.dist-info/RECORD": record_of(members, f"demo-{version}.dist-info")
    }


def test_a_release_has_the_licence_that_it_names(tmp_path: Path) -> None:
    members = licensed("1.0")
    with pytest.raises(InvalidUpload, match=r"does not hold 'demo-1\.0\.dist-info/licenses/LIC"):
        inspected(tmp_path, members)
    inspected(tmp_path, rerecorded(members | {f"{DIST_INFO}/licenses/LICENSE": b"yours"}))


def test_a_working_tree_goes_without_its_licence(tmp_path: Path) -> None:
    version = "1.0+t0123456789abcdef"
    inspected(tmp_path, licensed(version), f"demo-{version}-py3-none-any.whl")
