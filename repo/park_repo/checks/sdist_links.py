"""Links inside a source distribution: those that the data filter of tarfile takes (PEP 706).

The filter asks the disk on which it unpacks; here nothing is unpacked, so a link that leads
through another link is refused, and no member is below one: then paths mean what they spell.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from park_repo.checks.refusal import Rule, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from park.errors import InvalidUpload
    from park_repo.checks.members import Member

__all__ = ["Link", "check_links"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A link of an archive.

    ``target`` is seen from its folder where it ``is_symbolic``, else from the archive's root.
    """

    name: str
    target: str
    is_symbolic: bool

    @property
    def place(self) -> str:
        """The path in the archive that it leads to."""
        folder = posixpath.dirname(self.name) if self.is_symbolic else ""
        return posixpath.normpath(posixpath.join(folder, self.target))


def check_links(members: Sequence[Member], links: Iterable[Link]) -> None:
    """See that each link stays in the folder of its sdist; raises `InvalidUpload`.

    A hard link must be to a file of the archive: it would else be one to a file elsewhere.
    """
    known = list(links)
    names = {link.name for link in known}
    files = {member.name for member in members if not member.is_directory} - names
    for link in known:
        if posixpath.isabs(link.target) or "\\" in link.target:
            raise _refused(link, "a link may not be absolute, nor hold a backslash")
        if link.place.partition("/")[0] != link.name.partition("/")[0]:
            raise _refused(link, "it leads out of the folder of the sdist")
        if any(folder in names for folder in _folders_on_the_way(link)):
            raise _refused(link, "it leads through another link")
        if not link.is_symbolic and link.place not in files:
            raise _refused(link, "a hard link must be to a file of the sdist")


def _folders_on_the_way(link: Link) -> list[str]:
    """Return each folder that a reader goes through from the link's own folder to its end."""
    at = posixpath.dirname(link.name) if link.is_symbolic else ""
    passed = []
    for part in link.target.split("/")[:-1]:
        at = posixpath.normpath(posixpath.join(at, part))
        passed.append(at)
    return passed


def _refused(link: Link, why: str) -> InvalidUpload:
    return refused(
        f"member {link.name!r}: {why}: {link.target!r}", member=link.name, rule=Rule.LINK
    )
