"""How files of a service are named, and who may do what there: decisions without a disk.

======================  ======================================  =================
``~/data/run.zip``      in one's own area                       read and write
``~ada/shared/run.zip``  what another user shares                read
``/snsdata/run.zip``    below a root that the operator declared  read
======================  ======================================  =================

``~/shared/…`` is what every user of the service may read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from park.errors import NotPermitted, UnknownItem, UsageError

__all__ = ["SHARED", "Place", "area_below", "parse_place"]

SHARED = "shared"
"""The folder of an area that other users may read."""

_LONGEST_NAME_BYTES = 255
"""NAME_MAX of Linux's file systems."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A file or folder: ``parts`` below the area of ``owner``, or below the root ``root``."""

    owner: str | None
    root: str | None
    parts: tuple[str, ...]
    writable: bool

    def __str__(self) -> str:
        """Return the name that means the same place to every user."""
        start = f"~{self.owner}" if self.root is None else f"/{self.root}"
        return "/".join([start, *self.parts])

    @property
    def parent(self) -> tuple[str, ...]:
        """The parts of the folder that the place is in."""
        return self.parts[:-1]

    @property
    def name(self) -> str:
        """The last part; raises `UsageError` for an area or a root as a whole."""
        if not self.parts:
            raise UsageError(f"{self} is the top of an area; name a file or folder in it")
        return self.parts[-1]


def area_below(folder: Path, user: str) -> Path:
    """Return where the files of ``user`` are, below the ``folder`` of all areas."""
    return folder / "v1" / "users" / quote(user, safe="").replace(".", "%2E")


def parse_place(text: str, *, user: str, roots: Collection[str]) -> Place:
    """Return what ``text`` means to ``user``, where the operator declared ``roots``.

    Raises `UsageError` for what is no such path, `NotPermitted` for what others do not
    share, and `UnknownItem` for a root that is not declared.
    """
    start, *rest = text.split("/")
    parts = _checked(text, rest)
    if start.startswith("~"):
        return _in_area(start[1:] or user, parts, user)
    if start or not parts:
        raise UsageError(
            f"{text!r} is no path of a service: it begins with ~/ or with /ROOT/",
            hint="~/… is your own area there; a file of this machine is sent with put",
        )
    root, *below = parts
    if root not in roots:
        known = ", ".join(f"/{name}" for name in sorted(roots)) or "none"
        raise UnknownItem(
            f"the service shows no /{root}; it shows: {known}",
            hint="these are folders of an instrument that its operator names: park serve --root "
            "NAME=PATH; your own files there begin with ~/",
        )
    return Place(owner=None, root=root, parts=tuple(below), writable=False)


def _in_area(owner: str, parts: tuple[str, ...], user: str) -> Place:
    if owner != user and parts[:1] != (SHARED,):
        raise NotPermitted(f"only ~{owner}/{SHARED} of {owner}'s files is for others to read")
    return Place(owner=owner, root=None, parts=parts, writable=owner == user)


def _checked(text: str, parts: list[str]) -> tuple[str, ...]:
    """Return the parts that name something; raises `UsageError` for one that may not stand."""
    named = tuple(part for part in parts if part)
    for part in named:
        if part in {".", ".."} or "\0" in part:
            raise UsageError(f"{text!r} is refused: a path of a service has no {part!r}")
        if len(part.encode("utf-8", "surrogateescape")) > _LONGEST_NAME_BYTES:
            raise UsageError(f"{part[:20]}… is longer than {_LONGEST_NAME_BYTES} bytes")
    return named
