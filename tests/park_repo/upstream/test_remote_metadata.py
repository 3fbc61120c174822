"""Metadata of other indexes: no URL in them gets further."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.wheels import make_wheel

from park.errors import CannotSatisfy
from park_repo.upstream.remote_metadata import is_of, refuse_references

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://pypi.example.org/demo"


def test_a_wheel_that_names_a_url_and_its_metadata(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, requires=["evil @ git+http://127.0.0.1/evil ; extra == 'a'"])
    with pytest.raises(CannotSatisfy, match='requires "evil @ git') as caught:
        refuse_references(URL, wheel.name, wheel)
    assert "by its name" in str(caught.value.hint)
    metadata = tmp_path / "metadata"
    metadata.write_bytes(b"Name: demo\nRequires-Dist: evil @ file:///etc\n\n")
    with pytest.raises(CannotSatisfy, match="evil"):
        refuse_references(URL, f"{wheel.name}.metadata", metadata)


def test_all_else_passes(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, requires=["six>=1"])
    refuse_references(URL, wheel.name, wheel)
    (tmp_path / "damaged.whl").write_bytes(b"?")
    refuse_references(URL, "damaged.whl", tmp_path / "damaged.whl")
    refuse_references(URL, "demo-1.tar.gz", tmp_path / "damaged.whl")


@pytest.mark.parametrize(
    ("filename", "same"),
    [
        ("Demo_One-1.0.0-py3-none-any.whl", True),
        ("demo_one-1.1-py3-none-any.whl", False),
        ("other-1.0-py3-none-any.whl", False),
        ("demo", False),
    ],
)
def test_metadata_are_of_the_file_that_they_name(tmp_path: Path, filename: str, same: bool) -> None:  # noqa: FBT001
    (tmp_path / "metadata").write_bytes(
        b"Metadata-Version: 2.1\nName: demo.one\nVersion: 1.0.0\n\n"
    )
    assert is_of(tmp_path / "metadata", filename) is same


def test_what_is_no_metadata_is_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "metadata").write_bytes(b"Version: one\n\n")
    assert not is_of(tmp_path / "metadata", "demo-1.0-py3-none-any.whl")
    assert not is_of(tmp_path / "none", "demo-1.0-py3-none-any.whl")
