"""The index of a service: what it holds, and what its operator does to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion

from park.client.access.known_services import option_for
from park.client.access.transport import Transport
from park.digests import file_sha256
from park.errors import ServiceFault, UnknownItem, UsageError
from park.model.pins import Pin
from park.wire import API, IndexFileRecord, IndexProjectRecord, ServiceRecord, decode
from park.wire.legacy_upload import upload_form

__all__ = ["CopiedWheel", "ReleasedWheel", "RemoteIndex", "carry_over", "remote_index"]

_JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleasedWheel:
    """A wheel as the page of its project has it; ``path`` is where it is on its service.

    ``yanked`` is the reason where it is yanked, else None.
    """

    filename: str
    sha256: str
    path: str
    yanked: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CopiedWheel:
    """A wheel that was carried over; ``is_new`` is False where it was there already."""

    filename: str
    sha256: str
    yanked: str | None
    is_new: bool


def remote_index(name: str | None = None, *, insecure: bool = False) -> RemoteIndex:
    """Return the index of the service ``name``; see `park.client.service.remote_service`."""
    from park.client.access.first_contact import reached_service  # no command logs in by the way

    return RemoteIndex(Transport(reached_service(name, insecure=insecure)))


class RemoteIndex:
    """The index of a service, as one user with one token.

    Every method may raise `NotPermitted` (claims, yanks and released versions are the
    operator's) and `UnknownItem`.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def projects(self) -> list[IndexProjectRecord]:
        """Return the projects that the service owns or you have trees of, by name."""
        answer = self._transport.json("GET", f"{API}/index/projects")
        return [decode(IndexProjectRecord, document) for document in answer]

    def kept_by(self) -> str | None:
        """Return the URL of the index that keeps the released projects, where another one does."""
        return decode(ServiceRecord, self._transport.json("GET", API)).kept_by

    def project(self, name: str, *, newest: int | None = None) -> IndexProjectRecord:
        """Return one project with its files, or those of its ``newest`` versions."""
        params = None if newest is None else {"newest": newest}
        return self._asked("GET", name, params=params)

    def claim(self, name: str) -> IndexProjectRecord:
        """Make the service the owner of a name, also of one that upstream has."""
        return self._asked("PUT", name, "claim")

    def unclaim(self, name: str) -> None:
        """Give a name without files back to upstream; raises `Conflict` where it has some."""
        self._transport.json("DELETE", _path(name, "claim"))

    def mark(self, name: str, status: str, reason: str | None = None) -> IndexProjectRecord:
        """Give a project a status of PEP 792, and say why."""
        return self._asked("PUT", name, "status", json={"status": status, "reason": reason})

    def yank(self, name: str, version: str, reason: str = "") -> IndexProjectRecord:
        """Yank a released version: resolvers pass over it, exact pins still get it."""
        return self._asked("PUT", name, "versions", version, "yank", json={"reason": reason})

    def unyank(self, name: str, version: str) -> IndexProjectRecord:
        """Undo a yank."""
        return self._asked("DELETE", name, "versions", version, "yank")

    def remove(self, name: str, version: str) -> list[IndexFileRecord]:
        """Remove a version for good, a released one or a tree of yours; return its files."""
        answer = self._transport.json("DELETE", _path(name, "versions", version))
        return [decode(IndexFileRecord, document) for document in answer]

    @property
    def url(self) -> str:
        """The URL of the service."""
        return self._transport.address.url

    def wheels(self, pin: Pin) -> list[ReleasedWheel]:
        """Return the released wheels of ``pin``, those of an index behind this one too.

        Empty where the index has none of that version, or no such project.
        """
        place = f"/simple/{pin.name}/"
        try:
            answer = self._transport.bytes(place, headers={"Accept": _JSON})
        except UnknownItem:
            return []
        found = (_released(entry, place) for entry in answer.json().get("files", ()))
        return [wheel for version, wheel in filter(None, found) if version == pin.version]

    def fetch(self, wheel: ReleasedWheel, folder: Path) -> Path:
        """Write ``wheel`` into ``folder``; raises `ServiceFault` for other bytes than it says."""
        target = folder / wheel.filename
        self._transport.download(wheel.path, target)
        found = file_sha256(target)
        if found != wheel.sha256:
            raise ServiceFault(
                f"{wheel.filename} from {self.url}: expected SHA-256 {wheel.sha256}, found {found}",
                hint="its operator should look at that file: park index list PROJECT",
            )
        return target

    def publish(self, pin: Pin, wheel: ReleasedWheel, file: Path) -> None:
        """Publish ``file`` as ``wheel`` of ``pin``; raises `NotPermitted` or `Conflict`."""
        form = upload_form(
            name=pin.name, version=pin.version, filename=wheel.filename, sha256=wheel.sha256
        )
        self._transport.upload("/legacy/", file, form)

    def _asked(self, method: str, *parts: str, **arguments: Any) -> IndexProjectRecord:
        return decode(IndexProjectRecord, self._transport.json(method, _path(*parts), **arguments))


def carry_over(source: RemoteIndex, target: RemoteIndex, pin: Pin) -> list[CopiedWheel]:
    """Publish the released wheels of ``pin`` that ``source`` has in ``target``, byte for byte.

    Raises `UnknownItem` where there are none, `UsageError` for one and the same service,
    `NotPermitted` where ``target`` does not take that name from you, and `Conflict` where it
    has other bytes under the name of one.
    """
    if source.url == target.url:
        raise UsageError(
            f"{source.url} is both where {pin} is from and where it is to go",
            hint="name the other service: --from SERVICE --to SERVICE",
        )
    wheels = source.wheels(pin)
    if not wheels:
        raise UnknownItem(
            f"the index of {source.url} has no wheel of {pin}",
            hint=f"`park index list{option_for(source.url)} {pin.name}` shows what it has",
        )
    there = {wheel.sha256 for wheel in target.wheels(pin)}
    with TemporaryDirectory() as folder:
        for wheel in wheels:
            if wheel.sha256 not in there:
                target.publish(pin, wheel, source.fetch(wheel, Path(folder)))
    return [
        CopiedWheel(
            filename=wheel.filename,
            sha256=wheel.sha256,
            yanked=wheel.yanked,
            is_new=wheel.sha256 not in there,
        )
        for wheel in wheels
    ]


def _released(entry: Mapping[str, Any], place: str) -> tuple[str, ReleasedWheel] | None:
    """Return version and wheel of an entry of a page; None for an sdist, and what has no name."""
    try:
        _, version, _, _ = parse_wheel_filename(entry["filename"])
    except (InvalidWheelFilename, InvalidVersion):
        return None
    yanked = entry.get("yanked") or None
    wheel = ReleasedWheel(
        filename=entry["filename"],
        sha256=entry["hashes"]["sha256"],
        path=urlsplit(urljoin(place, entry["url"])).path,
        yanked="no reason given" if yanked is True else yanked,
    )
    return str(version), wheel


def _path(*parts: str) -> str:
    return "/".join([f"{API}/index/projects", *(quote(part, safe="") for part in parts)])
