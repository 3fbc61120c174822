"""The seam between the jobs that fetch a file and whoever downloads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from park.errors import CannotSatisfy
from park.wire import FetchRequest

__all__ = ["FetchedFile", "Fetcher", "NoFetcher"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedFile:
    """A file that is in the content store now, under ``sha256`` (hex).

    ``name`` is a safe file name without folders, chosen by the service; ``url`` the one that
    was asked for, without credentials; ``size`` in bytes.
    """

    url: str
    sha256: str
    size: int
    name: str


class Fetcher(Protocol):
    """Brings files by URL into the content store."""

    async def fetch(self, job: str, user: str, request: FetchRequest) -> FetchedFile:
        """Return the file of ``request``, whose ``url`` is text, when its content is kept.

        Raises `ParkError` whose message is one line for people: it becomes the error of the
        job. May be cancelled (by `asyncio`) at any moment, by a user's cancel or by the stop
        of the service; a fetch that the service's stop, or a crash, has cut short is asked
        for again at the next start, with the same ``job``. Progress goes into
        ``progress.jsonl`` in the job's folder, in the format of `park.jobside.progress`; the
        folder exists.
        """


class NoFetcher:
    """For a service without: every fetch fails."""

    async def fetch(
        self,
        job: str,  # noqa: ARG002 (the Protocol's)
        user: str,  # noqa: ARG002 (the Protocol's)
        request: FetchRequest,  # noqa: ARG002 (the Protocol's)
    ) -> FetchedFile:
        """Raise `CannotSatisfy`."""
        raise CannotSatisfy("this service fetches nothing")
