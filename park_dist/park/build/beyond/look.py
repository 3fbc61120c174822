"""The whole look at what a set reaches here and does not bring, as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from packaging.markers import default_environment

from park.build.beyond.edited import edited_files
from park.build.beyond.installed_facts import installed_facts
from park.build.beyond.own_modules import mentions_of_wheel
from park.build.beyond.unsent import extras, imports, merged, plugins
from park.local.project import ProjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from park.build.cache import Cache
    from park.local.project import LocalProject

__all__ = ["edits", "unsent"]

_SHOWN = 10
_FILES_SHOWN = 3


def unsent(
    root: LocalProject | None,
    members: Sequence[LocalProject],
    wheels: Iterable[Path],
    *,
    cache: Cache,
) -> Iterator[str]:
    """Yield a line for each project that is reached here and not sent with the set of ``root``.

    That is the project which somebody named; None where the set is of what a function refers to.
    ``members`` are the projects of the set, ``wheels`` those that are built from what is here.
    """
    installed = installed_facts(cache)
    names = [member.name for member in members]
    words: set[str] = set()
    imported: dict[str, str] = {}
    for wheel in wheels:
        found = mentions_of_wheel(wheel)
        words |= found.words
        imported = {**found.imports, **imported}
    environment = cast("dict[str, str]", default_environment())
    every = merged(
        [
            *extras(root, members, installed, environment),
            *imports(names, installed, imported),
            *plugins(names, installed, frozenset(words)),
        ]
    )
    yield from (each.line("what is sent" if root is None else root.name) for each in every[:_SHOWN])
    if len(every) > _SHOWN:
        yield f"not sent: {len(every) - _SHOWN} more that nothing requires"


def edits(members: Iterable[LocalProject], *, cache: Cache) -> Iterator[str]:
    """Yield a line for each release among ``members`` with files that were edited here."""
    for member in members:
        if member.kind is not ProjectKind.RELEASED or not member.is_followed:
            continue
        files = edited_files(member.name, cache=cache)
        if files:
            shown = ", ".join(files[:_FILES_SHOWN])
            more = f" and {len(files) - _FILES_SHOWN} more" if len(files) > _FILES_SHOWN else ""
            yield (
                f"not sent: what was changed here in {member} ({shown}{more}); "
                f"the released wheel runs there (--with {member.name} would take it along)"
            )
