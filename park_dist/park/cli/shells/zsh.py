"""The script for zsh."""

from __future__ import annotations

from shlex import quote

from park.cli.shells.words import Word, after, by_path, commands

__all__ = ["zsh"]

_ASK = r"""
_park_ask() {
    local line="${(j: :)words[1,CURRENT-1]} $QIPREFIX$IPREFIX$PREFIX" found entry
    # what park leaves to files, it says by its status; so does a park that is gone
    found="$(${~words[1]} completion --line "$line" 2>/dev/null </dev/null)" || { _files; return }
    local -a values shown open
    for entry in ${(f)found}; do
        values+=("${entry%%$'\t'*}")
        shown+=("${entry/$'\t'/  -- }")
    done
    # more is to come behind a module and its colon, or a folder
    if [[ "$values[-1]" == *[:/=] ]]; then open=(-S ''); fi
    # in the order that they come in: the newest first
    compadd "$open[@]" -l -V park -d shown -a values
}
"""


def zsh(known: list[Word]) -> str:
    """Return a script for zsh, with the help of each word; files complete where nothing does."""
    taking = [word for word in known if word.is_option and word.kind is not None]
    lines = [
        "#compdef park",
        _ASK.strip("\n"),
        "_park() {",
        "    local at=park word before",
        "    local -a choices",
        "    for word in ${words[2,CURRENT-1]}; do",
        '        case "$at $word" in',
        f'            ({"|".join(map(after, commands(known)))}) at="$at $word";;',
        "        esac",
        "    done",
        "    before=${words[CURRENT-1]}",
        "    if [[ $PREFIX == --*=* ]]; then before=${PREFIX%%=*}; compset -P '*='; fi",
        '    case "$at $before" in',
        *(f"        ({after(word)}) {_value(word)}; return;;" for word in taking),
        "    esac",
        "    if [[ $PREFIX == -* ]]; then",
        '        case "$at" in',
        *_listed(known, options=True),
        "        esac",
        "    else",
        '        case "$at" in',
        *_listed(known, options=False),
        "        esac",
        "    fi",
        "    if (( $#choices )); then _describe park choices || _files; else _park_ask; fi",
        "}",
        'if [[ $funcstack[1] == _park ]]; then _park "$@"; else compdef _park park; fi',
    ]
    return "\n".join(lines) + "\n"


def _value(word: Word) -> str:
    if not word.choices:
        return "_park_ask"
    return f"compadd -- {' '.join(map(quote, word.choices))}"


def _listed(known: list[Word], *, options: bool) -> list[str]:
    """Return the lines that choose among the options, or the commands, at each path."""
    lines = []
    for path, them in by_path(known).items():
        chosen = [each for each in them if (each.is_option if options else each.is_command)]
        if chosen:
            lines.append(f"        ({quote(' '.join(path))}) choices=({_described(chosen)});;")
    return lines


def _described(chosen: list[Word]) -> str:
    """Return words as zsh has them: ``word:help``, in which : is special."""
    return " ".join(quote(f"{word.text}:{word.help.replace(':', ' -')}") for word in chosen)
