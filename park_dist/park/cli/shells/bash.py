"""The script for bash."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

from park.cli.shells.words import Word, after, by_path, commands

__all__ = ["bash"]

_HEAD = r"""# park completion for bash
_park() {
    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"
    # bash breaks --option=value in three
    if [ "$current" = "=" ]; then current=
    elif [ "$before" = "=" ] && [ "$COMP_CWORD" -gt 1 ]; then before="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    local at=park word choices=
"""

_ASKED = r"""
    if [ -n "$choices" ]; then
        COMPREPLY=($(compgen -W "$choices" -- "$current"))
    else
        _park_ask
    fi
}
_park_ask() {
    local line="${COMP_LINE:0:COMP_POINT}" found value text i width=0
    # what park leaves to files, it says by its status; so does a park that is gone
    found=$("${COMP_WORDS[0]/#\~/$HOME}" completion --line "$line" 2>/dev/null </dev/null) || return
    compopt +o default 2>/dev/null
    compopt -o nosort 2>/dev/null
    # bash replaces what stands behind the last : or = alone
    local begun="${line##*[[:space:]]}"
    case "$begun" in -*=*) begun="${begun#*=}";; esac
    begun="${begun%"${begun##*[:=]}"}"
    local -a values=() texts=()
    while IFS=$'\t' read -r value text; do
        [ -n "$value" ] || continue
        value="${value#"$begun"}"
        case "$current" in
            [\"\']*) ;;
            *) printf -v value %q "$value";;
        esac
        values+=("$value") texts+=("$text")
        [ ${#value} -le $width ] || width=${#value}
    done <<< "$found"
    COMPREPLY=("${values[@]}")
    # more is to come behind a module and its colon, or a folder
    case "${values[*]: -1}" in [:/=]) compopt -o nospace 2>/dev/null;; esac
    # where bash lists (a tab, or a second one), with what each is; never where it puts them in
    case "${#values[@]} ${COMP_TYPE:-0}" in
        [01]" "*) ;;
        *" 9"|*" 33"|*" 63"|*" 64")
            for i in "${!values[@]}"; do
                printf -v "COMPREPLY[i]" "%-${width}s  (%s)" "${values[i]}" "${texts[i]}"
            done;;
    esac
}
complete -o default -F _park park
"""


def bash(known: list[Word]) -> str:
    """Return a script for bash; files complete where park does not know what may stand there."""
    return (
        "\n".join(
            [
                _HEAD.rstrip(),
                '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
                '        case "$at $word" in',
                f'            {"|".join(map(after, commands(known)))}) at="$at $word";;',
                "        esac",
                "    done",
                '    case "$at $before" in',
                *(f"        {after(word)}) {_value(word)};;" for word in known if _takes(word)),
                '    *) case "$current" in',
                '        -*) case "$at" in',
                *_listed(known, options=True),
                "        esac;;",
                '        *) case "$at" in',
                *_listed(known, options=False),
                "        esac;;",
                "    esac;;",
                "    esac",
                _ASKED.strip("\n"),
            ]
        )
        + "\n"
    )


def _takes(word: Word) -> bool:
    return word.is_option and word.kind is not None


def _value(word: Word) -> str:
    return f"choices={_list(word.choices)}" if word.choices else ":"


def _listed(known: list[Word], *, options: bool) -> list[str]:
    """Return the lines that choose among the options, or the commands, at each path."""
    lines = []
    for path, them in by_path(known).items():
        texts = [each.text for each in them if (each.is_option if options else each.is_command)]
        if texts:
            lines.append(f"            {quote(' '.join(path))}) choices={_list(texts)};;")
    return lines


def _list(texts: Iterable[str]) -> str:
    return quote(" ".join(texts))
