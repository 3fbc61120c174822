"""Jobs as objects in a script: what they will leave stands for itself in other calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from park.client.jobs.placeholders import (
    FileReference,
    JobFiles,
    Placeholder,
    ProgressReference,
    UrlReference,
    ValueReference,
)
from park.client.jobs.remote_job import RemoteJob
from park.client.jobs.told.standing import waits_for
from park.client.jobs.unknown_yet import NotItsValue
from park.errors import ParkError, ServiceUnreachable
from park.model.references import Reference, What
from park.model.states import JobState
from park.wire import API, JobRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from park.cards.on_display import Shown
    from park.client.jobs.when import Condition

__all__ = ["Fetch", "Job"]


class Job(NotItsValue, RemoteJob, Placeholder):
    """One call of an entry point on a service, named by its id.

    As an argument of another job it stands for what it returns. Errors of its submission,
    which goes on in the background, are raised where the job is asked for anything.
    """

    def __reduce__(self) -> Any:
        self._refuse_pickle()
        self.confirm()
        # the service is found again as by `park.remote_service`
        return type(self), (self._service, self._id, self._entry_point)

    @property
    def called(self) -> str | None:
        """What people call it: its label, or its call."""
        return (self._record and self._record.label) or super().called

    def _repr_html_(self) -> str:
        """Show the job in a notebook as it is now; where that is not to be known, why."""
        from park.cards.job_card import job_card, unknown_card  # what scripts do without

        try:
            record = self.refresh()
            return job_card(
                record,
                service=self.connection.url,
                waits_for=waits_for(self.transport, record),
                curve=self._curve(record),
            )
        except ParkError as error:
            return unknown_card(repr(self), error.message)

    def _ipython_display_(self) -> None:
        """Show the job where a notebook draws it, and what becomes of it until it has ended."""
        from park.cards.on_display import show  # what scripts do without

        show(self._displayed())

    def _displayed(self) -> Iterator[Shown]:
        from park.cards.on_display import Shown, pause_s  # what scripts do without

        begun = time.monotonic()
        while True:
            yield Shown(html=self._repr_html_(), text=repr(self))
            if self._record is None or self._record.status.is_final:
                return  # it was not submitted, or has ended
            self._look_again(pause_s(begun))

    def _look_again(self, wait_s: float) -> None:
        """Ask again: where nothing answers, no sooner than ``wait_s`` seconds from now."""
        try:
            self._record = self._asked(wait_s)
        except ServiceUnreachable:
            time.sleep(wait_s)

    def _curve(self, record: JobRecord) -> str:
        """Return a curve of the first value that a running job reports."""
        values = (record.progress or {}).get("values")
        if not values or record.status is not JobState.RUNNING:
            return ""
        from park.cards.sparkline import sparkline  # what scripts do without

        name = next(iter(values))
        reports = self.transport.json("GET", f"{API}/jobs/{self.id}/progress")
        return sparkline(name, reports["values"].get(name, ()))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Placeholder) and not isinstance(other, Job):
            return NotImplemented  # which knows what a comparison of it is
        self._refuse_plain("==", other)
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        self._refuse_plain("!=", other)
        return not self == other

    __hash__ = RemoteJob.__hash__

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def _known(self) -> Any:
        return self.result()

    def _stands_for(self) -> tuple[RemoteJob, Reference]:
        return self, self.reference(What.VALUE)

    def _job_meant(self) -> RemoteJob:
        return self

    @property
    def output(self) -> ValueReference:
        """What the job will return; ``[…]`` and ``.name`` lead to its parts."""
        return ValueReference(self, self.reference(What.VALUE))

    @property
    def progress(self) -> ProgressReference:
        """What it reports with `park.progress`, for conditions: ``job.progress["chisq"] < 2``."""
        return ProgressReference(self, self.reference(What.PROGRESS))

    @property
    def files(self) -> JobFiles:
        """The files that the job will leave, by name."""
        return JobFiles(self)

    @property
    def filename(self) -> FileReference:
        """The file that the job will leave.

        Where it leaves several: the one whose name it returns.
        """
        return FileReference(self, self.reference(What.FILE))

    @property
    def url(self) -> UrlReference:
        """The URL of `filename`; it opens with a token of the service."""
        return UrlReference(self, self.reference(What.URL))


class Fetch(Job):
    """A file that a service fetches: `filename` and `url` are those of it there."""

    @property
    def isfetched(self) -> Condition:
        """The condition that the file is there: the same as `iscompleted`."""
        return self.iscompleted


for _public in (Job, Fetch):
    _public.__module__ = "park"  # pickles name what does not move when files do
