"""What may follow what on the command line, read from the parsers of the commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote

__all__ = ["Kind", "Word", "after", "by_path", "commands", "kind_of", "words"]


class Kind(StrEnum):
    """What a value is, and so who knows what it may be."""

    SERVICE = "service"
    NAMED_SERVICE = "named service"
    JOB = "job"
    JOB_FILE = "job file"
    LABEL = "label"
    LOCK = "lock"
    SIDE = "side"
    PROJECT = "project"
    INDEXED = "indexed project"
    VERSION = "version"
    OFFER = "offer"
    OFFERED_PROJECT = "offered project"
    PIN = "pin"
    RELEASED_PIN = "released pin"
    MODULE = "module"
    CALLABLE = "callable"
    INSTALLED = "installed project"
    AREA_PATH = "path on the service"
    FILE = "file"
    OTHER = "other"

    @property
    def is_asked(self) -> bool:
        """Whether park knows what it may be; else it is a file, or anything."""
        return self not in {Kind.FILE, Kind.OTHER}

    @property
    def may_be_file(self) -> bool:
        """Whether a file may stand there, for want of what park knows."""
        return self in {Kind.FILE, Kind.MODULE, Kind.INSTALLED}


_BY_METAVAR = {
    "NAME|URL": Kind.SERVICE,
    "JOB": Kind.JOB,
    "LOCK": Kind.LOCK,
    "HASH": Kind.LOCK,
    "A": Kind.SIDE,
    "B": Kind.SIDE,
    "PROJECT": Kind.PROJECT,
    "VERSION": Kind.VERSION,
    **dict.fromkeys(("FILE", "F", "DIR", "SCRIPT", "ARGUMENT", "COMMAND"), Kind.FILE),
    **dict.fromkeys(("PATH", "NAME=PATH", "TARGET"), Kind.FILE),
    "MODULE": Kind.MODULE,
    "MODULE:FUNCTION": Kind.CALLABLE,
    "REQUIREMENT": Kind.CALLABLE,  # any number of them, then the callable
}

_PLACES = ("list", "get", "put", "remove", "url")

_BY_PLACE = {
    ("park service remove", "name"): Kind.NAMED_SERVICE,
    ("park service use", "name"): Kind.NAMED_SERVICE,
    ("park get", "file"): Kind.JOB_FILE,
    ("park jobs", "label"): Kind.LABEL,
    ("park run", "offer"): Kind.OFFERED_PROJECT,
    ("park submit", "offer"): Kind.OFFERED_PROJECT,
    ("park admin offer", "requirement"): Kind.PIN,
    ("park admin withdraw", "requirement"): Kind.OFFER,
    ("park index copy", "pin"): Kind.RELEASED_PIN,
    **{(f"park files {action}", "path"): Kind.AREA_PATH for action in _PLACES},
    **{
        (f"park index {action}", "project"): Kind.INDEXED
        for action in ("list", "yank", "unyank", "remove", "claim", "status")
    },
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What may come next after ``path`` (``park``, ``park env``, …): ``text``, with its help.

    An empty text stands for any value in that place. ``choices`` are the values that an
    option or a place takes, empty where they are not a few; ``kind`` is what the value is,
    None for an option without one.
    """

    path: tuple[str, ...]
    text: str
    help: str
    choices: tuple[str, ...] = ()
    kind: Kind | None = None

    @property
    def is_option(self) -> bool:
        """Whether it is an option, not a command, an action or a value."""
        return self.text.startswith("-")

    @property
    def is_command(self) -> bool:
        """Whether it is a command or an action."""
        return bool(self.text) and not self.is_option


def words(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[Word]:
    """Yield what may come after ``path``, and after each command and action below it."""
    for action in parser._actions:  # noqa: SLF001 (argparse has no public list of them)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {choice.dest: choice.help for choice in action._choices_actions}  # noqa: SLF001
            for name, inner in action.choices.items():
                yield Word(path=path, text=name, help=helps.get(name) or "")
                yield from words(inner, (*path, name))
        elif action.help != argparse.SUPPRESS:
            choices = tuple(map(str, action.choices or ()))
            kind = None if action.nargs == 0 else kind_of(path, action)
            for text in action.option_strings or [""]:
                yield Word(path=path, text=text, help=action.help or "", choices=choices, kind=kind)


def kind_of(path: tuple[str, ...], action: argparse.Action) -> Kind:
    """Return what the value of ``action`` is, which a command takes at ``path``."""
    if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
        return Kind.OTHER
    if action.dest == "with_":
        return Kind.INSTALLED
    named = _BY_PLACE.get((" ".join(path), action.dest))
    return named or _BY_METAVAR.get(str(action.metavar), Kind.OTHER)


def commands(known: Iterable[Word]) -> list[Word]:
    """Return the commands and actions among what is ``known``."""
    return [word for word in known if word.is_command]


def by_path(known: Iterable[Word]) -> dict[tuple[str, ...], list[Word]]:
    """Return which words may follow each path."""
    found: dict[tuple[str, ...], list[Word]] = {}
    for word in known:
        found.setdefault(word.path, []).append(word)
    return found


def after(word: Word) -> str:
    """Return, quoted for a shell, a word with the path that leads to it."""
    return quote(" ".join((*word.path, word.text)))
