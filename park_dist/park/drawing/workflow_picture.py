"""A workflow as an object: text, a picture, and in a notebook one that goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from park.atomic import write_atomically
from park.calling import service_named
from park.cards.on_display import Shown, show
from park.client.access.known_services import with_names
from park.client.job_lookup import get_job
from park.client.jobs.submitted_job import Job
from park.client.service import Service, remote_service
from park.client.workflows.graph import Workflows, others
from park.client.workflows.layers import Workflow
from park.client.workflows.updates import watched
from park.drawing.as_image import as_image
from park.drawing.dot import dot
from park.drawing.svg import svg
from park.drawing.tree import aligned, tree
from park.errors import UsageError
from park.wire import GraphRecord

__all__ = ["WorkflowPicture", "workflow"]

_FORMS = (".svg", ".dot", ".gv", ".txt")


class WorkflowPicture:
    """All that is connected with some jobs, also on your other services, as it was asked for.

    ``print`` shows it as a tree; a notebook shows it as a picture that goes on to the end.
    """

    def __init__(self, service: Service, jobs: Sequence[str]) -> None:
        self._service = service
        self._jobs = tuple(jobs)
        self._record = self._asked()

    def __repr__(self) -> str:
        return f"<WorkflowPicture of {len(self._record.nodes)} pieces>"

    def __str__(self) -> str:
        return _text(self._record)

    def _repr_html_(self) -> str:
        return as_image(self.svg(), str(self))

    def _ipython_display_(self) -> None:
        show(self._states())

    def _states(self) -> Iterator[Shown]:
        with others() as elsewhere:
            transport = self._service.transport
            workflows = Workflows(transport, elsewhere)
            for state in watched(transport, workflows, self._jobs):
                self._record = state.record
                said = "" if state.silence is None else f"<p>{escape(state.silence)}</p>"
                yield Shown(html=self._repr_html_() + said, text=str(self))

    def refresh(self) -> WorkflowPicture:
        """Ask for it again; returns itself."""
        self._record = self._asked()
        return self

    def _asked(self) -> GraphRecord:
        with others() as elsewhere:
            return Workflows(self._service.transport, elsewhere).connected(self._jobs)

    def svg(self) -> str:
        """Return the picture as an SVG document."""
        return svg(Workflow(with_names(self._record)), datetime.now(UTC))

    def dot(self) -> str:
        """Return it in the language of Graphviz."""
        return dot(Workflow(with_names(self._record)))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to ``path``, whose ending says in which form; return the path.

        Raises `UsageError` for an ending that is not .svg, .dot, .gv or .txt.
        """
        target = Path(path)
        forms = dict(zip(_FORMS, (self.svg, self.dot, self.dot, self.__str__), strict=True))
        if target.suffix.lower() not in forms:
            raise UsageError(f"{target}: a workflow is written as {', '.join(forms)}")
        write_atomically(target, forms[target.suffix.lower()]())
        return target


WorkflowPicture.__module__ = "park"  # where one finds it


def workflow(*jobs: Job | str, service: Service | str | None = None) -> WorkflowPicture:
    """Return the workflow that ``jobs`` belong to, as a picture; of none, your newest.

    A job may be named by its id. It is looked for on ``service``, else on that of the block,
    else on the default one; what is connected with it on your other services is followed.
    Raises `UnknownItem`.
    """
    found = [job if isinstance(job, Job) else get_job(job, service) for job in jobs]
    for job in found:
        job.confirm()
    where: Service | None = found[0].service if found else service_named(service)
    return WorkflowPicture(where or remote_service(), [job.id for job in found])


def _text(record: GraphRecord) -> str:
    rows = tree(Workflow(with_names(record)), datetime.now(UTC))
    return "\n".join(map(str, aligned(rows))) or "no jobs yet"
