"""Core metadata: what others read in it can be read."""

from __future__ import annotations

import pytest
from packaging.metadata import RawMetadata, parse_email

from park.errors import InvalidUpload
from park_repo.checks.core_metadata import fields_are_sound


def metadata(line: str) -> RawMetadata:
    return parse_email(f"Metadata-Version: 2.4\nName: demo\nVersion: 1\n{line}\n")[0]


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
