"""The sealing of a service: its key, in a file of its home, and the one of before."""

from __future__ import annotations

from pathlib import Path

from park.errors import CannotSatisfy
from park_repo.durable import write_over
from park_server.ownership import read_secret
from park_server.sealing.sealing_key import KEY_LETTERS, SealingKey, is_sealed

__all__ = ["Sealing"]

_NONE, _SETTLED = "0" * KEY_LETTERS, "f" * KEY_LETTERS
"""In the place of the key of before: there was none, so that what is kept may be in clear; or none
is needed any more. Both files are there from the first start on, and stay the same ones, since
those who run already have them hidden from them by what they are (`write_over`)."""


class Sealing:
    """Seals with the key in ``file``, made at its first start; opens with that of before as well.

    That one stays until all that is kept was sealed anew, which `settled` is told after. Until
    then `is_settled` is false. From any thread.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._before_file = file.with_name(f"{file.name}.before")
        if not self._before_file.exists():
            self._write(self._before_file, _NONE)
        if not file.exists():
            self._write(file, SealingKey.new().text)
        current = SealingKey.parse(read_secret(file))
        self._keys: tuple[SealingKey, ...] = (current, *self._noted())

    @property
    def is_settled(self) -> bool:
        """Whether all that is kept is sealed with the key of now."""
        return read_secret(self._before_file) == _SETTLED

    def settled(self) -> None:
        """Forget on the disk what was sealed with before: all is sealed anew.

        In memory it is kept: of what is under way some was sealed with it.
        """
        self._write(self._before_file, _SETTLED)

    def seal(self, text: str) -> str:
        """Return ``text`` as the database may have it."""
        return self._keys[0].seal(text)

    def opened(self, sealed: str) -> str:
        """Return what `seal` sealed; raises `CannotSatisfy` where that was with a lost key."""
        for key in self._keys:
            if (text := key.opened(sealed)) is not None:
                return text
        raise CannotSatisfy(
            "what opens it was sealed with a key that is not in the home of the service",
            hint="submit it again; or have its operator put the file sealing-key of the home that a"
            " backup is of there as sealing-key.before, and start the service again",
        )

    def sealed_anew(self, kept: str) -> str:
        """Return what is kept as ``kept`` as it is to be kept: sealed with the key of now.

        What is in clear is from before there were keys; what no key here opens stays as it is.
        """
        for key in self._keys:
            if (text := key.opened(kept)) is not None:
                return self.seal(text)
        return kept if is_sealed(kept) else self.seal(kept)

    def opens(self, kept: str) -> bool:
        """Tell whether a key here opens what is kept."""
        return any(key.opened(kept) is not None for key in self._keys)

    def digest(self, text: str) -> str:
        """Return what tells ``text`` from others, and nothing of it: see `SealingKey.digest`."""
        return self._keys[0].digest(text)

    def rotate(self) -> None:
        """Seal with another key from now on."""
        before = self._keys[0]
        self._write(self._before_file, before.text)
        made = SealingKey.new()
        self._write(self._file, made.text)
        self._keys = (made, *self._keys)

    def _noted(self) -> tuple[SealingKey, ...]:
        word = read_secret(self._before_file)
        return () if word in {_NONE, _SETTLED} else (SealingKey.parse(word),)

    @staticmethod
    def _write(file: Path, word: str) -> None:
        write_over(file, f"{word}\n".encode())
