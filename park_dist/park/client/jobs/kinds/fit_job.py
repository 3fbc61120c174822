"""Fits as jobs: their results as text, as a picture, and as what a notebook shows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from park.atomic import write_atomically
from park.cards.job_card import job_card, unknown_card
from park.client.jobs.submitted_job import Job
from park.client.jobs.told.standing import waits_for
from park.errors import ParkError
from park.fitting.summary import html_table, summary
from park.model.states import JobState

__all__ = ["FIT_ENTRY_POINT", "SCRIPT_ENTRY_POINT", "FitJob", "FitPicture"]

FIT_ENTRY_POINT = "park.fitting:fit"
SCRIPT_ENTRY_POINT = "park.model_script:fit_script"

_RESULT, _PICTURE = "fit.json", "fit.svg"


class FitPicture:
    """A picture of a fit, which notebooks show: ``svg`` is its text."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def __repr__(self) -> str:
        return f"<FitPicture of {len(self.svg):,} characters of SVG: .save(path), or a notebook>"

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture (SVG, which browsers show) to ``path``, and return that."""
        target = Path(path)
        write_atomically(target, self.svg)
        return target


class FitJob(Job):
    """What `park.Fit` returns: a `Job` that knows what a fit leaves.

    A notebook shows its parameters and its picture, or how far it is.
    """

    def left(self, timeout: float | None = None) -> dict[str, Any]:
        """Wait for the end, and return what the fit has left, as `result` has it.

        Of a fit that was cancelled or killed as well: ``stopped`` says so, and the values are
        those of its best point. Raises `UnknownItem` where it came to none.
        """
        self.wait(timeout)
        found: dict[str, Any] = json.loads(self._text(_RESULT))
        return found

    def summary(self, timeout: float | None = None) -> str:
        """Wait for the end, and return chisq and the parameters as text."""
        return summary(self.left(timeout))

    def plot(self, path: str | os.PathLike[str] | None = None) -> FitPicture:
        """Wait for the end, and return the picture: data and fit, residuals, convergence.

        It was drawn in the job; with ``path`` it is written there as well.
        """
        self.wait()
        picture = FitPicture(self._text(_PICTURE))
        if path is not None:
            picture.save(path)
        return picture

    def _text(self, name: str) -> str:
        return self.transport.bytes(self.route_of(name)).content.decode()

    def _repr_html_(self) -> str:
        try:
            record = self.refresh()
            if record.status is JobState.COMPLETED:
                return html_table(self.left()) + self.plot().svg
            waits = waits_for(self.transport, record)
        except ParkError as error:
            return unknown_card(repr(self), error.message)
        return job_card(record, service=self.connection.url, waits_for=waits)


FitJob.__module__ = "park"  # pickles name what does not move when files do
