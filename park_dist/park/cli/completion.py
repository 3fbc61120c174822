"""``park completion``: the completion of a shell, written from the parsers of all commands.

Commands, options and their choices stand in the script, so they are there at once. For any
other value the script calls ``park completion --line LINE``, which prints
what may stand at the end of that line, and never an error.
"""

from __future__ import annotations

import argparse
from typing import Any

from park.cli.output import say, say_text
from park.errors import ParkError, UsageError

__all__ = ["EXAMPLES", "SHELLS", "configure", "run"]

SHELLS = ("bash", "fish", "zsh")

EXAMPLES = """examples:
  park completion bash > ~/.local/share/bash-completion/completions/park
  park completion zsh > "${fpath[1]}/_park"
  park completion fish > ~/.config/fish/completions/park.fish
"""

_LEFT_TO_FILES = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("shell", nargs="?", choices=SHELLS, help="for which shell")
    parser.add_argument("--line", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Print the script, or what a shell asks for."""
    if options.line is not None:
        return _answer(options.line)
    if options.shell is None:
        raise UsageError("for which shell?", hint=f"park completion {' | '.join(SHELLS)}")
    say_text(_script(options.shell))
    return 0


def _script(shell: str) -> str:
    from park.cli.main import whole_parser
    from park.cli.shells.bash import bash
    from park.cli.shells.fish import fish
    from park.cli.shells.words import words
    from park.cli.shells.zsh import zsh

    known = list(words(whole_parser(), ("park",)))
    return {"bash": bash, "fish": fish, "zsh": zsh}[shell](known)


def _answer(line: str) -> int:
    """Print a line for each value that may stand at the end of ``line``: a tab, what it is."""
    from park.cli.main import parser_for
    from park.cli.shells.candidates import PATIENCE_S, candidates, in_time
    from park.cli.shells.place import place, words_of
    from park.cli.shells.words import Kind

    try:
        here = place(words_of(line), parser_for)
    except ParkError:  # a command of another package, which is not whole here
        return _LEFT_TO_FILES
    if here.kind is Kind.FILE:
        return _LEFT_TO_FILES
    found = in_time(lambda: candidates(here, _ask), PATIENCE_S)
    if not found and here.kind.may_be_file:
        return _LEFT_TO_FILES
    for value, text in found:
        say(f"{_one_line(value)}\t{_one_line(text)}")
    return 0


def _ask(*args: Any, **query: Any) -> Any:
    """Ask a service; what that takes is imported for that alone, it is a third of the time."""
    from park.cli.shells.candidates import PATIENCE_S
    from park.cli.shells.question import asking

    return asking(PATIENCE_S)(*args, **query)


def _one_line(text: str) -> str:
    return " ".join(text.split())
