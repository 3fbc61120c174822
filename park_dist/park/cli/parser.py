"""The parser of the command line: argparse, which knows what a misspelt word was to be."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

__all__ = ["Parser"]

_INVALID_CHOICE = re.compile(r"invalid choice: '?(?P<word>[^']*?)'? \(choose from (?P<known>.*)\)")
_NO_NUMBER = re.compile(r"invalid (?P<type>int|float) value: (?P<word>.*)", re.DOTALL)
_NUMBERS = {"int": "whole number", "float": "number"}
_CLOSE = 0.6
"""How alike two words are that may be meant for each other, from 0 to 1; difflib's own default."""


_ELSEWHERE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("ls", "list", "ps", "queue", "squeue", "qstat"), ("list", "jobs")),
    **dict.fromkeys(("delete", "del", "forget", "revoke", "rm"), ("remove", "rm")),
    **dict.fromkeys(("kill", "stop", "abort", "scancel", "qdel"), ("cancel",)),
    **dict.fromkeys(("fetch", "download", "cp"), ("get",)),
    **dict.fromkeys(("sbatch", "qsub", "enqueue"), ("submit",)),
    **dict.fromkeys(("tail", "output", "stdout"), ("logs",)),
    **dict.fromkeys(("show", "info", "inspect"), ("show", "status")),
    **dict.fromkeys(("wait", "follow"), ("watch",)),
    **dict.fromkeys(("remove",), ("rm",)),
    **dict.fromkeys(("nearest", "diff"), ("versions", "env")),
    **dict.fromkeys(("default",), ("use",)),
    **dict.fromkeys(("dag", "plot"), ("graph",)),
    **dict.fromkeys(("upload",), ("put", "publish")),
    **dict.fromkeys(("config", "services"), ("service",)),
    **dict.fromkeys(("whoami", "who", "id", "me"), ("who", "token who")),
    **dict.fromkeys(("exec", "execute", "call", "srun"), ("run",)),
    **dict.fromkeys(("shell", "ssh", "activate"), ("shell", "env shell")),
    **dict.fromkeys(("history", "sacct"), ("jobs",)),
    **dict.fromkeys(("freeze", "pin-versions"), ("lock",)),
    **dict.fromkeys(("compare",), ("diff", "env diff")),
    **dict.fromkeys(("prune", "gc", "cleanup"), ("clean", "admin clean")),
    **dict.fromkeys(("check", "diagnose", "health", "ping"), ("doctor",)),
    **dict.fromkeys(("sinfo", "engines", "partitions"), ("queues",)),
    **dict.fromkeys(("quota", "du"), ("usage",)),
    **dict.fromkeys(("environments", "envs", "venv"), ("env",)),
    **dict.fromkeys(("signin", "auth"), ("login",)),
    **dict.fromkeys(("signout",), ("logout",)),
}
"""What the same is called by other programs (Slurm, git, docker), and what it is here: where the
command is there whose first word that is."""

_FEW = 12
"""As many words as are read at a glance; more are in the help."""


class Parser(argparse.ArgumentParser):
    """An `argparse.ArgumentParser`; those of its subcommands are of this kind as well."""

    below: Callable[[], str] | None = None
    """What stands below the help, made where somebody reads it; None: what `epilog` has."""

    rest: str | None = None
    """Where words go that no argument takes, and all that stands behind ``--``; None: nowhere."""

    def parse_known_args(  # type: ignore[override]  # typeshed has it as overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse as ever; with `rest`, words may stand between options, which argparse refuses.

        What is not known is refused by the parser of its command, which knows the options that
        are like it, and what it takes: argparse leaves that to the outermost one.
        """
        found, left = self._parsed(args, namespace)
        if left:
            self.error(self._unknown(left))
        return found, left

    def _unknown(self, left: Sequence[str]) -> str:
        options = [each for each in left if each.startswith("-")]
        if not options:
            return f"nothing is to stand there: {' '.join(left)}"
        option = options[0].partition("=")[0]
        # by their letters: dashes, which all have, would make any two alike
        known = {name.lstrip("-"): name for name in self._option_string_actions}
        alike = " or ".join(known[name] for name in _alike(option.lstrip("-"), known))
        if not alike:
            return f"no option {option}; {self.prog} --help lists those that there are"
        return f"no option {option}; did you mean {alike}?"

    def _parsed(self, args: Sequence[str] | None, namespace: Any) -> tuple[Any, list[str]]:
        if self.rest is None:
            return super().parse_known_args(args, namespace)
        given = list(sys.argv[1:] if args is None else args)
        cut = given.index("--") if "--" in given else len(given)
        found, left = super().parse_known_args(given[:cut], namespace)
        words = [each for each in left if not each.startswith("-")]
        setattr(found, self.rest, [*words, *given[cut + 1 :]])
        return found, [each for each in left if each.startswith("-")]

    def format_help(self) -> str:
        """Return the help, with what stands below it."""
        if self.below is not None:
            self.epilog = self.below()
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and what may have been meant; exit with 2."""
        super().error(_with_suggestion(message, self.prog))


def _with_suggestion(message: str, program: str) -> str:
    """Return ``message`` of ``program`` in words for people.

    Of a word that is not known with those that are like it, else with all where these are few;
    of what is to be a number without the name of Python's type.
    """
    if number := _NO_NUMBER.search(message):
        return f"{message[: number.start()]}{number['word']} is no {_NUMBERS[number['type']]}"
    found = _INVALID_CHOICE.search(message)
    if found is None:
        return message
    known = [word.strip().strip("'") for word in found["known"].split(",")]
    alike = _alike(found["word"], known)
    what = f"{message[: found.start()]}no {found['word']!r}"
    if alike:
        return f"{what}; did you mean {' or '.join(alike)}?"
    if len(known) <= _FEW:
        return f"{what}; there is {', '.join(known)}"
    return f"{what}; {program} --help lists what there is"


def _alike(word: str, known: Iterable[str]) -> list[str]:
    """Return those of ``known`` that ``word`` may have been meant for, the likest first."""
    from difflib import get_close_matches

    words = list(known)
    elsewhere = [each for each in _ELSEWHERE.get(word, ()) if each.split()[0] in words]
    return elsewhere or get_close_matches(word, words, cutoff=_CLOSE)
