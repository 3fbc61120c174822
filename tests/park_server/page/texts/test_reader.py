"""A process of its own for what strangers packed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from park.errors import CannotSatisfy
from park_server.page.texts.reader import TextReader

if TYPE_CHECKING:
    from pathlib import Path


def test_an_answer_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "METADATA"
    path.write_bytes(b"Metadata-Version: 2.4\nName: film\nVersion: 1\nSummary: one\n\n")

    async def twice() -> list[dict[str, Any]]:
        reader = TextReader()
        first = await reader.read("key", {"about": str(path)})
        path.unlink()
        return [first, await reader.read("key", {"about": str(path)})]

    first, second = asyncio.run(twice())
    assert first["summary"] == "one"
    assert second is first


def test_no_answer_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotSatisfy, match="could not be read"):
        asyncio.run(TextReader().read("key", {"about": str(tmp_path / "none")}))


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "METADATA"
    path.write_bytes(b"Metadata-Version: 2.4\nName: film\nVersion: 1\n\n")
    with pytest.raises(CannotSatisfy, match="could not be read"):
        asyncio.run(TextReader(limit_s=0).read("key", {"about": str(path)}))
