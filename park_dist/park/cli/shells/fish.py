"""The script for fish."""

from __future__ import annotations

from shlex import quote

from park.cli.shells.words import Kind, Word, by_path, commands

__all__ = ["fish"]

_FUNCTIONS = r"""
function __park_at
    set -l at park
    for word in (commandline -opc)[2..-1]
        contains -- "$at $word" $__park_paths; and set at "$at $word"
    end
    test "$at" = "$argv[1]"
end
function __park_ask
    set -l park (string replace -r '^~' -- $HOME (commandline -opc)[1])
    $park completion --line (commandline -cp | string collect) 2>/dev/null </dev/null
end
"""


def fish(known: list[Word]) -> str:
    """Return a script for fish, with the help of each word."""
    paths = " ".join(quote(" ".join((*word.path, word.text))) for word in commands(known))
    lines = ["# park completion for fish", f"set -g __park_paths {paths}", _FUNCTIONS.strip("\n")]
    for path, them in by_path(known).items():
        condition = quote(f"__park_at {quote(' '.join(path))}")
        lines += [f"complete -c park -n {condition} {_line(word)}" for word in them if word.text]
        places = [word for word in them if not word.text]
        if any(word.kind is not None and word.kind.may_be_file for word in places):
            lines.append(f"complete -c park -n {condition} -k -F -a '(__park_ask)'")
        elif places:
            lines.append(f"complete -c park -n {condition} -k -f -a '(__park_ask)'")
        else:
            lines.append(f"complete -c park -n {condition} -f")
    return "\n".join(lines) + "\n"


def _line(word: Word) -> str:
    described = f"-d {quote(word.help)}"
    if not word.is_option:
        return f"-f -a {quote(word.text)} {described}"
    name = f"-l {word.text[2:]}" if word.text.startswith("--") else f"-s {word.text[1:]}"
    return f"{name}{_value(word)} {described}"


def _value(word: Word) -> str:
    if word.choices:
        return f" -x -a {quote(' '.join(word.choices))}"
    if word.kind is None:
        return ""
    if word.kind is Kind.FILE:
        return " -r -F"
    if word.kind.may_be_file:
        return " -r -k -F -a '(__park_ask)'"
    return " -x -k -a '(__park_ask)'" if word.kind.is_asked else " -x"
