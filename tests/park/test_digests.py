import hashlib
from pathlib import Path

import pytest

from park.digests import file_sha256, is_sha256


def test_a_file_is_hashed_as_its_bytes(tmp_path: Path) -> None:
    content = b"park" * (1 << 20)
    (tmp_path / "file").write_bytes(content)
    assert file_sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_sha256(tmp_path / "file")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("0123456789abcdef" * 4, True),
        ("0123456789ABCDEF" * 4, False),
        ("a" * 63, False),
        ("a" * 64 + "\n", False),
        ("g" * 64, False),
    ],
)
def test_a_digest_is_lower_case_hex(text: str, *, is_one: bool) -> None:
    assert is_sha256(text) is is_one
