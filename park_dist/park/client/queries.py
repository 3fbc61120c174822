"""What a service is asked: what it is, has and offers, and which jobs you have there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from park import wire
from park.client.access.transport import Transport
from park.client.connection import Connection, connection_of
from park.errors import ParkError
from park.wire import API, decode, encode

if TYPE_CHECKING:
    from park.client.areas import ServiceFiles
    from park.client.choosing.nearness import Ranked
    from park.client.choosing.version_list import VersionList

__all__ = ["ServiceQueries"]

_NEWEST_SHOWN = 5
"""Jobs on the card of a service."""


class ServiceQueries:
    """A service, as far as it is asked; see `park.Service`."""

    def __init__(self, transport: Transport) -> None:
        self._connection = connection_of(transport)
        self._transport = self._connection.transport

    @property
    def url(self) -> str:
        """The service's URL."""
        return self._transport.address.url

    @property
    def transport(self) -> Transport:
        """The connection to the service: requests with your token, answers or errors."""
        return self._transport

    @property
    def connection(self) -> Connection:
        """The way to the service that all handles of it share."""
        return self._connection

    def _repr_html_(self) -> str:
        """Show in a notebook what the service says of itself, and your newest jobs there."""
        from park.cards.job_card import unknown_card  # what scripts do without
        from park.cards.service_card import service_card

        try:
            return service_card(self.about(), self.url, self.job_records(limit=_NEWEST_SHOWN))
        except ParkError as error:
            return unknown_card(repr(self), error.message)

    def about(self) -> wire.ServiceRecord:
        """Return what the service says of itself."""
        return decode(wire.ServiceRecord, self._transport.json("GET", API))

    def versions(self, project: str | None = None, *, newest: int | None = None) -> VersionList:
        """Return what the service has, each version compared with what is installed here.

        With ``newest``, of the releases and of the working trees of each project only the
        newest so many; the record of the last one says how many are ``older``.
        """
        from park.client.installs.here_and_there import versions_beside  # what jobs do without

        return versions_beside(self._transport, project, newest)

    def nearest_versions(self, project: str, *, entry_point: str | None = None) -> list[Ranked]:
        """Return what the service has of ``project``, the nearest to what is installed here first.

        Each says what puts it behind the one before it. Where jobs of ``entry_point`` ran there,
        what they imported weighs more than the rest. Raises `LocalSetError` where the project is
        not installed here: there is nothing to be near to.
        """
        from park.client.installs.here_and_there import nearest_to_here  # what jobs do without

        return nearest_to_here(self._transport, project, entry_point)

    @property
    def files(self) -> ServiceFiles:
        """Your files on the service, what others share, and the operator's roots."""
        from park.client.areas import ServiceFiles  # what jobs do without

        return ServiceFiles(self._transport)

    def offers(self) -> list[wire.OfferRecord]:
        """Return the projects that the operator keeps ready."""
        from park.client.installs.matching import offers  # what jobs do without

        return offers(self._transport)

    def offer(self, request: wire.OfferRequest) -> wire.OfferRecord:
        """Keep a project ready for everybody; the operator's. Returns at once."""
        answer = self._transport.json("POST", f"{API}/offers", json=encode(request))
        return decode(wire.OfferRecord, answer)

    def withdraw(self, project: str, version: str) -> list[wire.OfferRecord]:
        """Keep a project ready no longer; the operator's."""
        path = f"{API}/offers/{quote(project, safe='')}/{quote(version, safe='')}"
        return [decode(wire.OfferRecord, each) for each in self._transport.json("DELETE", path)]

    def quota(self) -> wire.QuotaRecord:
        """Return what you have on the service, and how much you may have."""
        return decode(wire.QuotaRecord, self._transport.json("GET", f"{API}/quota"))

    def usage(self) -> wire.UsageRecord:
        """Return what the service takes on the disk, part by part; the operator's."""
        return decode(wire.UsageRecord, self._transport.json("GET", f"{API}/usage"))

    def clean(
        self,
        older_than_s: float | None = None,
        *,
        logs_older_than_s: float | None = None,
        events_older_than_s: float | None = None,
        trees_older_than_s: float | None = None,
        newest_trees: int | None = None,
        dry_run: bool = False,
    ) -> wire.CleanRecord:
        """Remove what the service's policy says; the operator's.

        An age that is named, in seconds, takes the place of that of the policy: of jobs since
        they ended, of the logs of such, of events, of versions of working trees since their
        last use, of which the ``newest_trees`` of each project and user stay. With ``dry_run``
        only say how much that is.
        """
        request = wire.CleanRequest(
            older_than_s=older_than_s,
            logs_older_than_s=logs_older_than_s,
            events_older_than_s=events_older_than_s,
            trees_older_than_s=trees_older_than_s,
            newest_trees=newest_trees,
            dry_run=dry_run,
        )
        answer = self._transport.json("POST", f"{API}/clean", json=encode(request))
        return decode(wire.CleanRecord, answer)

    def fork_servers(self) -> list[wire.ForkServerRecord]:
        """Return the interpreters that wait there with a module imported, with their memory."""
        answer = self._transport.json("GET", f"{API}/fork-servers")
        return [decode(wire.ForkServerRecord, each) for each in answer]

    def job_records(
        self,
        *,
        status: str | None = None,
        since: datetime | None = None,
        label: str | None = None,
        mine: bool = False,
        limit: int = 50,
    ) -> list[wire.JobRecord]:
        """Return the records of your newest jobs, newest first.

        Those submitted ``since`` a moment (aware), with ``label`` in their label in any case;
        where they are to be ``mine``, those that this account on this machine submitted.
        """
        from park.client.submission.this_account import this_account

        wanted = {
            "limit": limit,
            "status": status,
            "since": None if since is None else since.isoformat(),
            "label": label,
            "submitted_from": this_account() if mine else None,
        }
        query = {name: value for name, value in wanted.items() if value is not None}
        answer = self._transport.json("GET", f"{API}/jobs", params=query)
        return [decode(wire.JobRecord, document) for document in answer]

    def lock(self, lock_hash: str) -> str:
        """Return the PEP 751 document of a lock hash or of a prefix of one."""
        return self._transport.bytes(f"{API}/locks/{quote(lock_hash, safe='')}").text
