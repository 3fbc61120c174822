"""Gzip undone piece by piece: however it is cut, in bounded memory, with its end."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park_server.fetches.gunzip import BadGzip, Gunzip


@given(st.lists(st.binary(), min_size=1), st.integers(min_value=1, max_value=50))
def test_gzip_is_undone_however_it_is_cut(members: list[bytes], step: int) -> None:
    coded = b"".join(map(gzip.compress, members)) + b"\0\0"
    gunzip = Gunzip()
    pieces = [
        piece
        for start in range(0, len(coded), step)
        for piece in gunzip.feed(coded[start : start + step])
    ]
    gunzip.finish()
    assert b"".join(pieces) == b"".join(members)


def test_a_bomb_comes_in_pieces() -> None:
    coded = gzip.compress(bytes(50 << 20))
    assert len(coded) < 100_000
    sizes = [len(piece) for piece in Gunzip().feed(coded)]
    assert max(sizes) == 1 << 20
    assert sum(sizes) == 50 << 20


def test_gzip_without_an_end() -> None:
    gunzip = Gunzip()
    list(gunzip.feed(gzip.compress(b"x" * 100)[:-4]))
    with pytest.raises(BadGzip, match="its end is missing"):
        gunzip.finish()
    with pytest.raises(BadGzip):
        list(Gunzip().feed(b"<html>"))
