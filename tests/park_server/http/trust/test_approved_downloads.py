"""`park_server.http.trust.approved_downloads`: which version a file of another index is of."""

from __future__ import annotations

import pytest

from park_server.http.trust.approved_downloads import version_in


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        ("numpy-2.4.1-cp311-cp311-manylinux_2_28_x86_64.whl", "2.4.1"),
        ("refl1d-1.0.1.tar.gz", "1.0.1"),
        ("refl1d-1.0.1.zip", "1.0.1"),
        ("numpy.whl", ""),
        ("numpy", ""),
        ("../numpy-1.tar.gz", "1"),
        ("numpy-one.tar.gz", ""),
    ],
)
def test_a_name_tells_its_version_or_none(filename: str, version: str) -> None:
    assert version_in(filename) == version
