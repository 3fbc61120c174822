"""``park completion``: the completion of a shell, written from the parsers of all commands.

A script, not a call back into park at each press of the tab key: it answers at once, and
park's own start stays as cheap as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from shlex import quote

__all__ = ["EXAMPLES", "Word", "bash", "configure", "fish", "run", "words", "zsh"]

EXAMPLES = """examples:
  park completion bash > ~/.local/share/bash-completion/completions/park
  park completion zsh > "${fpath[1]}/_park"
  park completion fish > ~/.config/fish/completions/park.fish
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What may come next after ``path`` (``park``, ``park env``, …): ``text``, with its help.

    ``choices`` are the values that an option takes, empty where they are not a few.
    """

    path: tuple[str, ...]
    text: str
    help: str
    choices: tuple[str, ...] = ()

    @property
    def is_option(self) -> bool:
        """Whether it is an option, not a command or an action."""
        return self.text.startswith("-")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("shell", choices=sorted(_SHELLS), help="for which shell")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    from park.cli.main import whole_parser

    print(_SHELLS[options.shell](list(words(whole_parser(), ("park",)))), end="")
    return 0


def words(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[Word]:
    """Yield what may come after ``path``, and after each command and action below it."""
    for action in parser._actions:  # noqa: SLF001 (argparse has no public list of them)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {choice.dest: choice.help for choice in action._choices_actions}  # noqa: SLF001
            for name, inner in action.choices.items():
                yield Word(path=path, text=name, help=helps.get(name) or "")
                yield from words(inner, (*path, name))
        elif action.help != argparse.SUPPRESS:
            for option in action.option_strings:
                yield Word(path=path, text=option, help=action.help or "", choices=_choices(action))


def _choices(action: argparse.Action) -> tuple[str, ...]:
    return tuple(map(str, action.choices or ()))


def bash(known: list[Word]) -> str:
    """Return a script for bash; files complete where nothing else does."""
    lines = [
        "# park completion for bash",
        "_park() {",
        '    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"',
        "    local at=park word choices=",
        '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        '        case "$at $word" in',
        f'            {_any_path(known)}) at="$at $word";;',
        "        esac",
        "    done",
        '    case "$at $before" in',
        *(f"        {_after(word)}) choices={_list(word.choices)};;" for word in _few(known)),
        "    esac",
        '    if [ -z "$choices" ]; then case "$at" in',
        *(f"        {_quoted(at)}) choices={_list(them)};;" for at, them in _by_path(known)),
        "    esac; fi",
        '    COMPREPLY=($(compgen -W "$choices" -- "$current"))',
        "}",
        "complete -o default -F _park park",
    ]
    return "\n".join(lines) + "\n"


def zsh(known: list[Word]) -> str:
    """Return a script for zsh, with the help of each word; files complete where nothing does."""
    lines = [
        "#compdef park",
        "_park() {",
        "    local at=park word",
        "    local -a choices",
        "    for word in ${words[2,CURRENT-1]}; do",
        '        case "$at $word" in',
        f'            ({_any_path(known)}) at="$at $word";;',
        "        esac",
        "    done",
        '    case "$at ${words[CURRENT-1]}" in',
        *(
            f"        ({_after(word)}) compadd -- {' '.join(map(quote, word.choices))}; return;;"
            for word in _few(known)
        ),
        "    esac",
        '    case "$at" in',
        *(
            f"        ({_quoted(at)}) choices=({_described(known, at)});;"
            for at, _ in _by_path(known)
        ),
        "    esac",
        "    _describe park choices || _files",
        "}",
        '_park "$@"',
    ]
    return "\n".join(lines) + "\n"


def fish(known: list[Word]) -> str:
    """Return a script for fish, with the help of each word."""
    lines = ["# park completion for fish"]
    for word in known:
        seen = (f"__fish_seen_subcommand_from {part}" for part in word.path[1:])
        condition = "; and ".join(seen) or "__fish_use_subcommand"
        lines.append(f"complete -c park -n {quote(condition)} {_fish_word(word)}")
    return "\n".join(lines) + "\n"


def _fish_word(word: Word) -> str:
    described = f"-d {quote(word.help)}"
    if not word.is_option:
        return f"-f -a {quote(word.text)} {described}"
    name = f"-l {word.text[2:]}" if word.text.startswith("--") else f"-s {word.text[1:]}"
    values = f" -x -a {quote(' '.join(word.choices))}" if word.choices else ""
    return f"{name}{values} {described}"


def _any_path(known: list[Word]) -> str:
    """Return a shell pattern of every command and action with what leads to it."""
    return "|".join(_after(word) for word in known if not word.is_option)


def _few(known: list[Word]) -> list[Word]:
    return [word for word in known if word.choices]


def _by_path(known: list[Word]) -> list[tuple[tuple[str, ...], list[str]]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for word in known:
        found.setdefault(word.path, []).append(word.text)
    return list(found.items())


def _quoted(path: tuple[str, ...]) -> str:
    return quote(" ".join(path))


def _after(word: Word) -> str:
    return _quoted((*word.path, word.text))


def _list(texts: Iterable[str]) -> str:
    return quote(" ".join(texts))


def _described(known: list[Word], path: tuple[str, ...]) -> str:
    """Return what may follow ``path`` as zsh has it: ``word:help``, in which : is special."""
    return " ".join(
        quote(f"{word.text}:{word.help.replace(':', ' -')}") for word in known if word.path == path
    )


_SHELLS: dict[str, Callable[[list[Word]], str]] = {"bash": bash, "fish": fish, "zsh": zsh}
