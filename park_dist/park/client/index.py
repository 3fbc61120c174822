"""The index of a service: what it holds, and what its operator does to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from park.client.access.address import find_service
from park.client.access.transport import Transport
from park.wire import API, IndexFileRecord, IndexProjectRecord, decode

__all__ = ["RemoteIndex", "remote_index"]


def remote_index(name: str | None = None) -> RemoteIndex:
    """Return the index of the service ``name``; see `park.client.service.remote_service`."""
    return RemoteIndex(Transport(find_service(name)))


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

    def project(self, name: str) -> IndexProjectRecord:
        """Return one project with its files."""
        return self._asked("GET", name)

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

    def _asked(self, method: str, *parts: str, **arguments: Any) -> IndexProjectRecord:
        return decode(IndexProjectRecord, self._transport.json(method, _path(*parts), **arguments))


def _path(*parts: str) -> str:
    return "/".join([f"{API}/index/projects", *(quote(part, safe="") for part in parts)])
