from __future__ import annotations

import pytest

from park_repo.http.secure_origin import is_secure


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://lab.example/", True),
        ("HTTPS://lab.example/", True),
        ("http://lab.example/", False),
        ("http://127.0.0.1:8750/", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]/", True),
        ("http://localhost:1/", True),
        ("http://LocalHost./", True),
        ("http://park.localhost/", True),
        ("http://localhost.example/", False),
        ("http://10.0.0.1/", False),
        ("http://[fe80::1]/", False),
        ("ftp://localhost/", False),
        ("", False),
    ],
)
def test_a_secure_origin_is_https_or_this_machine(url: str, expected: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    assert is_secure(url) is expected
