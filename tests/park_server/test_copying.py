"""The bytes of one file in another: all of them, holes as holes, none that came meanwhile."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from park_server.copying import copied, reflinked

BLOCK = 1 << 20
Pair = tuple[int, int]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Descriptors of an empty source and an empty target."""
    found = [os.open(tmp_path / name, os.O_RDWR | os.O_CREAT) for name in ("source", "target")]
    yield found[0], found[1]
    for each in found:
        os.close(each)


def content_of(descriptor: int) -> bytes:
    return os.pread(descriptor, 1 << 30, 0)


def told_of(content: bytes) -> tuple[str, int]:
    return hashlib.sha256(content).hexdigest(), len(content)


@pytest.mark.parametrize("content", [b"", b"some", bytes(range(256)) * 4097])
def test_all_is_copied_and_told(pair: Pair, content: bytes) -> None:
    source, target = pair
    os.pwrite(source, content, 0)
    assert copied(source, target, len(content)) == told_of(content)
    assert content_of(target) == content


def test_what_comes_after_the_size_is_not_copied(pair: Pair) -> None:
    source, target = pair
    os.pwrite(source, b"measured, and grown since", 0)
    assert copied(source, target, 8) == told_of(b"measured")
    assert content_of(target) == b"measured"


def test_a_file_that_shrank_is_copied_as_it_is_now(pair: Pair) -> None:
    source, target = pair
    os.pwrite(source, b"short", 0)
    os.pwrite(target, b"what was longer", 0)
    assert copied(source, target, 99) == told_of(b"short")
    assert content_of(target) == b"short"


def test_holes_take_no_room_and_are_read_as_zeros(pair: Pair) -> None:
    source, target = pair
    os.ftruncate(source, 8 * BLOCK)
    os.pwrite(source, b"x", 3 * BLOCK)
    assert copied(source, target, 8 * BLOCK)[1] == 8 * BLOCK
    assert content_of(target) == content_of(source)
    assert os.fstat(target).st_blocks * 512 <= 2 * BLOCK


def test_a_write_that_takes_less_is_gone_on_with(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = pair
    os.pwrite(source, b"0123456789", 0)
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: pwrite(fd, data[:3], at))
    assert copied(source, target, 10) == told_of(b"0123456789")
    assert content_of(target) == b"0123456789"


def test_where_nothing_can_be_shared_that_is_told(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    assert reflinked(*pair) is None


def test_of_what_is_shared_the_target_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = pair
    os.pwrite(source, b"shared", 0)

    def share(to: int, request: int, of: int) -> None:
        assert request == 0x40049409
        os.pwrite(to, content_of(of), 0)
        os.pwrite(of, b"changed since", 0)

    monkeypatch.setattr(fcntl, "ioctl", share)
    assert reflinked(source, target) == told_of(b"shared")
