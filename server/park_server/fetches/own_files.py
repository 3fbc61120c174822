"""URLs of this very service: its files are read where they are, and not over the network."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from park.errors import UnknownItem
from park.model.file_names import from_url
from park.model.ids import JobId
from park.wire import API, FileRecord
from park_repo.database import Database
from park_server.areas.areas import Areas
from park_server.jobs import job_rows
from park_server.jobs.left import file_rows

__all__ = ["OwnFiles"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnFiles:
    """The files of the service at each of ``urls`` that a user may read there."""

    urls: tuple[str, ...]
    database: Database
    areas: Areas

    def of_job(self, url: str, user: str) -> FileRecord | None:
        """Return the file that ``user``'s job left at ``url``; None where it is no such URL.

        Another user's job is none: for that there are grants. Raises `UnknownItem` for a
        file that the job does not have.
        """
        text, _, name = self._below("jobs", url).partition("/files/")
        job = JobId(text)
        if not name:
            return None
        try:
            self.database.read(lambda connection: job_rows.status_of(connection, job, user))
        except UnknownItem:
            return None
        return self.database.read(lambda connection: file_rows.file_of(connection, job, name))

    def in_area(self, url: str, user: str) -> tuple[int, str] | None:
        """Return a descriptor of the file at ``url`` and its name; None: no such URL.

        Raises `UnknownItem` where there is no such file, `NotPermitted` for what is not
        shared with ``user``.
        """
        path = self._below("areas/files", url)
        if not path:
            return None
        spelled = path if path.startswith("~") else f"/{path}"
        return self.areas.open(spelled, user), self.areas.place(spelled, user).name

    def _below(self, route: str, url: str) -> str:
        """Return what of ``url`` is below a route of this service, unquoted; else nothing."""
        plain = urlunsplit(urlsplit(url)._replace(query="", fragment=""))
        starts = (f"{base}{API}/{route}/" for base in self.urls)
        return next((from_url(plain[len(s) :]) for s in starts if plain.startswith(s)), "")
