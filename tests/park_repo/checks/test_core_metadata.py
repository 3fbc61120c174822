"""Core metadata: what others read in it can be read."""

from __future__ import annotations

import pytest
from packaging.metadata import RawMetadata

from park.errors import InvalidUpload
from park_repo.checks.core_metadata import fields_are_sound, licence_files, read_metadata


def metadata(line: str) -> RawMetadata:
    return read_metadata(f"Metadata-Version: 2.4\nName: demo\nVersion: 1\n{line}\n".encode())


@pytest.mark.parametrize(
    "line",
    [
        "Provides-Extra: plot\nProvides-Extra: all_Tests.2",
        "License-Expression: MIT",
        "License-Expression: Apache-2.0 WITH LLVM-exception OR LicenseRef-Own",
        "Dynamic: Requires-Dist",
        "License: whatever one calls it",
    ],
)
def test_what_readers_understand_is_taken(line: str) -> None:
    fields_are_sound(metadata(line))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Provides-Extra: _a b", "Provides-Extra is no name: '_a b'"),
        ("Provides-Extra: -", "Provides-Extra is no name"),
        ("License-Expression: MIT OR", "License-Expression is none of SPDX: 'MIT OR'"),
        ("License-Expression: the usual", "License-Expression is none of SPDX"),
        ("Dynamic: Name", "Dynamic names name"),
        ("Dynamic: VERSION", "Dynamic names version"),
    ],
)
def test_what_none_understands_is_refused(line: str, said: str) -> None:
    with pytest.raises(InvalidUpload, match=said):
        fields_are_sound(metadata(line))


@pytest.mark.parametrize(
    "line",
    [
        "Requires-Python: >=3.8\nRequires-Python: >=3.12",
        "License-Expression: MIT\nLicense-Expression: BSD-3-Clause",
        "Metadata-Version: 2.1",
        "name: other",
        "Version: 2",
    ],
)
def test_what_decides_is_said_once(line: str) -> None:
    with pytest.raises(InvalidUpload, match="expected it once"):
        metadata(line)


def test_what_only_people_read_may_be_said_twice() -> None:
    assert "summary" not in metadata("Summary: a\nSummary: b")


def test_licence_files_are_paths_below_the_root() -> None:
    assert licence_files(metadata("License-File: LICENSE\nLicense-File: a/b.txt")) == [
        "LICENSE",
        "a/b.txt",
    ]


@pytest.mark.parametrize("path", ["/etc/passwd", "../LICENSE", "a\\b", "a/../b", "./a", "a//b"])
def test_other_paths_of_licence_files_are_refused(path: str) -> None:
    with pytest.raises(InvalidUpload, match="License-File is no path"):
        licence_files(metadata(f"License-File: {path}"))


def test_a_licence_is_said_in_one_way() -> None:
    with pytest.raises(InvalidUpload, match="both License and License-Expression"):
        licence_files(metadata("License: MIT\nLicense-Expression: MIT"))


def test_builders_of_old_had_licence_files_of_their_own() -> None:
    old = read_metadata(b"Metadata-Version: 2.1\nName: demo\nVersion: 1\nLicense-File: ../x\n")
    assert licence_files(old) == []
