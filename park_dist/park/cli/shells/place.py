"""What is to be completed at the end of a line, as the parser of the command has it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from shlex import split

from park.cli.shells.words import Kind, kind_of

__all__ = ["Place", "place", "words_of"]

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The end of a line: what ``kind`` of value comes there, which begins with ``text``.

    ``values`` are those that stand before it, by the names that the parser has for them;
    ``choices`` what the parser itself takes there, where that is a few words.
    """

    kind: Kind
    text: str
    path: tuple[str, ...]
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    choices: tuple[str, ...] = ()

    def value(self, name: str) -> str | None:
        """Return the last value of this name that stands before it, or None."""
        return next(reversed(self.values.get(name, ())), None)


def words_of(line: str) -> list[str]:
    r"""Return the words of ``line`` as a shell has them, the command first, the last one unended.

    What stands in front of the command (``PARK_SERVICE=lab park …``) is left out.

    >>> words_of("X=1 park get 'a b' \"c")
    ['park', 'get', 'a b', 'c']
    >>> words_of("park get ")
    ['park', 'get', '']
    """
    for ending in ("", "\\", '"', "'"):
        try:
            found = split(f"{line}{ending}", posix=True)
        except ValueError:  # a quotation that is not at its end
            continue
        break
    else:
        found = line.split()
    if not line or (line[-1].isspace() and not line.endswith("\\ ") and not ending):
        found.append("")
    while len(found) > 1 and _ASSIGNMENT.match(found[0]):
        del found[0]
    return found


def place(
    words: Sequence[str], parser_for: Callable[[str | None], argparse.ArgumentParser]
) -> Place:
    """Return what comes at the last of ``words``; ``parser_for`` a command gives the parser."""
    *before, text = words[1:] or [""]
    chosen = next((word for word in before if not word.startswith("-")), None)
    reader = _Reader(parser_for(chosen))
    for word in before:
        reader.read(word)
    return reader.place(text)


class _Reader:
    """Goes along a line as argparse does, as far as a line that is not whole lets it."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._path: tuple[str, ...] = ("park",)
        self._values: dict[str, list[str]] = {}
        self._awaited: argparse.Action | None = None
        self._has_options = True
        self._enter(parser)

    def _enter(self, parser: argparse.ArgumentParser) -> None:
        actions = parser._actions  # noqa: SLF001 (argparse has no public list of them)
        self._options = {text: each for each in actions for text in each.option_strings}
        self._places = [each for each in actions if not each.option_strings]

    def read(self, word: str) -> None:
        """Take ``word``, which is whole."""
        if self._awaited is not None:
            self._take(self._awaited, word)
            self._awaited = None
        elif word == "--":
            self._has_options = False
        elif self._has_options and word.startswith("-"):
            self._read_option(word)
        elif self._places:
            self._read_value(word)

    def place(self, text: str) -> Place:
        """Return what comes where ``text`` begins."""
        action = self._awaited or next(iter(self._places), None)
        if self._awaited is None and self._has_options and text.startswith("-"):
            name, equals, value = text.partition("=")
            action, text = (self._options.get(name), value) if equals else (None, text)
        kind = Kind.OTHER if action is None else kind_of(self._path, action)
        choices = () if action is None else tuple(map(str, action.choices or ()))
        return Place(kind=kind, text=text, path=self._path, values=self._values, choices=choices)

    def _read_option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        action = self._options.get(name)
        if action is None or action.nargs == 0:
            return
        if equals:
            self._take(action, value)
        else:
            self._awaited = action

    def _read_value(self, word: str) -> None:
        action = self._places[0]
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            inner = action.choices.get(word)
            if inner is not None:
                self._path = (*self._path, word)
                self._enter(inner)
            return
        self._take(action, word)
        if action.nargs not in {"*", "+", argparse.REMAINDER}:
            del self._places[0]

    def _take(self, action: argparse.Action, value: str) -> None:
        self._values.setdefault(action.dest, []).append(value)
