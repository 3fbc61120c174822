"""The files that you keep on a service: ``~/data/run.zip`` there, not here."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from park.client.access.transport import Transport
from park.errors import UsageError
from park.model.file_names import in_url
from park.wire import API, AreaEntry, AreaRecord, decode, value_in

__all__ = ["ServiceFiles", "area_route"]


class ServiceFiles:
    """Your area on a service, what others share, and the roots that its operator shows.

    ``~/…`` is your own, ``~/shared/…`` in it may be read by others, as ``~YOU/shared/…``;
    ``/NAME/…`` are the operator's. Every method may raise `UnknownItem`, `NotPermitted`, and
    `UsageError` for what is no such path.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def areas(self) -> list[AreaRecord]:
        """Return the places for files."""
        return [decode(AreaRecord, each) for each in self._transport.json("GET", f"{API}/areas")]

    def list(self, path: str = "~") -> list[AreaEntry]:
        """Return what is in a folder, by name; links are shown and never followed."""
        answer = self._transport.json("GET", area_route("folders", path))
        return [decode(AreaEntry, each) for each in answer]

    def put(self, source: str | Path, path: str) -> str:
        """Send a file of this machine; return the name that all users understand.

        A ``path`` that ends in a slash is a folder, in which the file keeps its name. An
        existing file is replaced, whole or not at all.
        """
        file = Path(source).expanduser()
        if not file.is_file():
            raise UsageError(f"no file {file} on this machine")
        path = f"{path}{file.name}" if path.endswith("/") else path
        stored = self._transport.put(area_route("files", path), file).json()
        return str(value_in(stored, "path"))

    def get(self, path: str, target: str | Path = ".") -> Path:
        """Fetch a file, whole or not at all; in a folder it keeps its name."""
        local = Path(target).expanduser()
        if local.is_dir():
            local /= PurePosixPath(path).name
        self._transport.download(area_route("files", path), local)
        return local

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file, an empty folder, or with ``recursive`` a folder with its content."""
        query = {"recursive": "true"} if recursive else {}
        self._transport.delete(area_route("files", path), params=query)

    def url(self, path: str) -> str:
        """Return the URL of a file; it opens with a token of the service."""
        return self._transport.address.url + area_route("files", path)


def area_route(kind: str, path: str) -> str:
    """Return the route of a place; the first slash of a root is the route's own."""
    if not path.startswith(("~", "/")):
        raise UsageError(
            f"{path!r} is no path of a service: it begins with ~/ or with /ROOT/",
            hint="quote it, or the shell will take ~ for the home of this machine",
        )
    if {".", ".."} & set(path.split("/")):  # else HTTP would take them away, and mean another
        raise UsageError(f"{path!r} is refused: a path of a service has no '..' and no '.'")
    return f"{API}/areas/{kind}/{in_url(path.removeprefix('/'), safe='/~')}"
