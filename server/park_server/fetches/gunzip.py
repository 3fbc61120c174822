"""Undo gzip piece by piece, in bounded memory, however much a piece may expand to."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

__all__ = ["BadGzip", "Gunzip"]

_PIECE = 1 << 20


class BadGzip(Exception):
    """What came is not in the coding that it was said to have, or its end is missing."""


class Gunzip:
    """One body in the coding gzip: one member after another (RFC 1952, section 2.2)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._is_inside = False
        self._has_ended = False

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield what ``block`` adds, a mebibyte at most at a time; raises `BadGzip`."""
        while block := self._without_padding(block):
            self._is_inside = True
            try:
                yield from self._rest_of_member(block)
            except zlib.error as error:
                raise BadGzip(str(error)) from error
            if not self._member.eof:
                return
            block = self._member.unused_data
            self._member = zlib.decompressobj(wbits=31)
            self._is_inside, self._has_ended = False, True

    def _without_padding(self, block: bytes) -> bytes:
        """Return ``block`` without the zeros after a member, which gzip itself takes as well."""
        between = self._has_ended and not self._is_inside
        return block.lstrip(b"\0") if between else block

    def _rest_of_member(self, block: bytes) -> Iterator[bytes]:
        while True:
            piece = self._member.decompress(block, _PIECE)
            yield piece
            block = self._member.unconsumed_tail
            if not block and len(piece) < _PIECE:
                return

    def finish(self) -> None:
        """Raise `BadGzip` where the end of a member is missing."""
        if self._is_inside:
            raise BadGzip("its end is missing")
