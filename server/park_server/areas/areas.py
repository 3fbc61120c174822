"""The areas of a service's users and the roots of its operator, on disk.

::

    areas/v1/users/<user, percent-encoded>/   one's files
    areas/v1/incoming/                        uploads that are not whole yet
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import AsyncIterable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from park.errors import Conflict, NotPermitted, ParkError, ServiceFault, UnknownItem
from park.runtime.codec import TAG
from park.wire import AreaEntry
from park_server import untrusted
from park_server.areas import beneath
from park_server.areas.paths import SHARED, Place, parse_place
from park_server.threads import in_thread
from park_server.untrusted import Making

__all__ = ["Areas"]


class Areas:
    """Everybody's files below ``folder``; ``roots`` are the operator's, by name."""

    def __init__(
        self,
        folder: Path,
        roots: Mapping[str, Path],
        owner_of: Callable[[str], tuple[int, int] | None],
    ) -> None:
        """``owner_of`` tells user and group id of a user's files, None: the service's own."""
        self._owner_of = owner_of
        self._users = folder / "v1" / "users"
        self._incoming = folder / "v1" / "incoming"
        self._roots = dict(roots)
        shutil.rmtree(self._incoming, ignore_errors=True)  # what a crash left half-written
        for made in (self._users, self._incoming):
            made.mkdir(parents=True, exist_ok=True, mode=0o700)

    def folders_for(self, user: str) -> list[Path]:
        """Return what a job of ``user`` may find of areas: his own, and what others share."""
        own = self._area(user)
        shared = [each / SHARED for each in self._users.iterdir() if each != own]
        return [each for each in (own, *sorted(shared)) if each.is_dir()]

    @property
    def roots(self) -> Mapping[str, Path]:
        """The folders that the operator declared, by name."""
        return self._roots

    def place(self, text: str, user: str) -> Place:
        """Return what ``text`` means to ``user``; see `parse_place`."""
        return parse_place(text, user=user, roots=self._roots)

    def listing(self, text: str, user: str) -> Iterator[AreaEntry]:
        """Yield what is in a folder, by name; raises `UnknownItem` where there is none."""
        place = self.place(text, user)
        with _told(place):
            yield from beneath.entries(self._base(place), place.parts)

    def open(self, text: str, user: str) -> int:
        """Return a descriptor of a file, which the caller closes; raises `UnknownItem`."""
        place = self.place(text, user)
        with _told(place):
            return beneath.open_file(self._base(place), place.parent, place.name)

    async def put(self, text: str, user: str, chunks: AsyncIterable[bytes]) -> Place:
        """Write a file, whole or not at all, with the folders that lead to it."""
        place = self._writable(text, user)
        name = place.name
        temporary = await beneath.receive(self._incoming, chunks)

        def put() -> None:  # an account may have to be given first
            base, making = self._base(place), self._making(place)
            beneath.place_file(temporary, base, place.parent, name, making)

        try:
            with _told(place):
                await in_thread(put)
        finally:
            temporary.unlink(missing_ok=True)
        return place

    def remove(self, text: str, user: str, *, recursive: bool) -> None:
        """Remove a file or a folder; raises `Conflict` for a folder that is not empty."""
        place = self._writable(text, user)
        with _told(place):
            beneath.remove(self._base(place), place.parent, place.name, recursive=recursive)

    def resolved(self, value: Any, user: str) -> Any:
        """Return encoded arguments with each file of the service as the path that a job opens."""
        if isinstance(value, list):
            return [self.resolved(item, user) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get(TAG) == "service-file":
            text = str(value["path"])
            if value.get("or_text") and not self._is_of_root(text):
                return text
            return self._path_for_job(text, user)
        return {key: self.resolved(item, user) for key, item in value.items()}

    def _is_of_root(self, text: str) -> bool:
        return text.removeprefix("/").partition("/")[0] in self._roots

    def _path_for_job(self, text: str, user: str) -> str:
        """Return the path of a file to read or, in one's own area, also to write.

        The folders on the way are made there. Nothing on the way may be a link; what a job
        does to its own area after this look is between it and itself.
        """
        place = self.place(text, user)
        base = self._base(place)
        make = self._making(place) if place.writable else False
        with _told(place), untrusted.folder(base, place.parent, make=make) as inside:
            try:
                mode = os.stat(place.name, dir_fd=inside, follow_symlinks=False).st_mode
            except FileNotFoundError:
                if not place.writable:
                    raise
            else:
                if stat.S_ISLNK(mode):
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return str(base.joinpath(*place.parts))

    def _writable(self, text: str, user: str) -> Place:
        place = self.place(text, user)
        if not place.writable:
            raise NotPermitted(f"{place} can only be read", hint="your own area begins with ~/")
        return place

    def _base(self, place: Place) -> Path:
        """Return the folder that the place is below; an area is made at its first use."""
        if place.root is not None:
            return self._roots[place.root]
        area = self._area(str(place.owner))
        if place.writable:
            self._make(area, str(place.owner))
        return area

    def _area(self, user: str) -> Path:
        return self._users / quote(user, safe="").replace(".", "%2E")

    def _make(self, area: Path, user: str) -> None:
        """Make an area that is not there; one that has another owner than it should is given."""
        owner = self._owner_of(user)
        if not (area / SHARED).is_dir():
            shared = Making(owner=owner, mode=0o755)
            with (
                untrusted.folder(self._users, [area.name], make=Making(owner=owner)) as inside,
                untrusted.below(inside, [SHARED], make=shared),
            ):
                pass
        if owner is not None and area.stat().st_uid != owner[0]:
            beneath.give(area, owner)

    def _making(self, place: Place) -> Making:
        """Return how folders and files are made there: what is shared, others' accounts read."""
        mode = 0o755 if place.parts[:1] == (SHARED,) else 0o700
        return Making(mode=mode, owner=self._owner_of(str(place.owner)))


@contextmanager
def _told(place: Place) -> Iterator[None]:
    """Turn what the system says about a path into an error of park."""
    try:
        yield
    except OSError as error:
        raise _explained(place, error) from error


def _explained(place: Place, error: OSError) -> ParkError:
    kind, message, hint = _EXPLANATIONS.get(
        error.errno or errno.ENOENT, (ServiceFault, f"{{place}}: {error.strerror}", None)
    )
    if place.root is not None and error.errno == errno.ENOENT:
        hint = f"`park files list /{place.root}` shows what is there, for reading alone"
    return kind(message.format(place=place), hint=hint)


_Explanation = tuple[type[ParkError], str, str | None]

_LINK: _Explanation = (
    UnknownItem,
    "{place} leads through a link or a file; links are not followed here",
    None,
)
_FULL: _Explanation = (
    Conflict,
    "the folder {place} is not empty",
    "remove it with what is in it: --recursive",
)
_FORBIDDEN: _Explanation = (NotPermitted, "the service itself may not touch {place}", None)

_EXPLANATIONS: dict[int, _Explanation] = {
    errno.ENOTDIR: _LINK,
    errno.ELOOP: _LINK,
    errno.ENOTEMPTY: _FULL,
    errno.EEXIST: _FULL,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EISDIR: (Conflict, "{place} is a folder", None),
    errno.ENXIO: (UnknownItem, "{place} is no regular file", None),
    errno.ENOENT: (UnknownItem, "no {place} on this service", "`park files list` shows yours"),
}
"""What the system's refusals mean here, by their number."""
