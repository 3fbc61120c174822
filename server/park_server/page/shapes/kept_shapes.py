"""Shapes of large workflows in files: a start reads what an earlier process has found.

What was found is as of one event, and is followed from there. A database that was put back to an
older state goes on with other events under the same numbers: so a shape is taken again only where
the log still has that event, as it was.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, select

from park.atomic import write_atomically
from park.model.ids import JobId
from park.model.states import JobKind, JobState
from park_server.db.prepared import Prepared
from park_server.db.tables import events
from park_server.page.seen_records import WorkflowEdge, WorkflowNode
from park_server.page.shapes.quotient import JobGroup

__all__ = ["KeptShape", "KeptShapes"]

_log = logging.getLogger("park.page")

_BETWEEN = ","

_EVENT = Prepared(
    select(events.c.time, events.c.id, events.c.type).where(events.c.seq == bindparam("seq"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptShape:
    """The workflow of ``job``, as of the event ``newest``."""

    user: str
    job: JobId
    newest: int
    groups: Sequence[JobGroup]
    others: Sequence[WorkflowNode]
    edges: Sequence[WorkflowEdge]


class KeptShapes:
    """Shapes by their user and job, each in a file of ``folder``, any of which may be deleted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, connection: Connection) -> Iterator[KeptShape]:
        """Yield those that go on from an event that is in the log; the others go."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                shape, event = _read(json.loads(path.read_bytes()))
            except (OSError, ValueError, TypeError, KeyError) as error:
                _log.warning("%s is not used, and goes: %s", path, error)
                path.unlink(missing_ok=True)
                continue
            if _event(connection, shape.newest) == event:
                yield shape
            else:
                path.unlink(missing_ok=True)

    def write(self, connection: Connection, shape: KeptShape) -> None:
        """Keep ``shape`` in the place of what was kept of it."""
        event = _event(connection, shape.newest)
        if event is None:  # a start could not tell whether it goes on from there
            return
        document = {
            "user": shape.user,
            "job": shape.job,
            "newest": shape.newest,
            "event": event,
            "groups": [[*group[:3], _BETWEEN.join(group.ids)] for group in shape.groups],
            "others": [asdict(each) for each in shape.others],
            "edges": [asdict(each) for each in shape.edges],
        }
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self._path(shape.user, shape.job), json.dumps(document), mode=0o600)
        except OSError as error:  # a full disk: it is found again when somebody looks
            _log.warning("the shape of a workflow of %s is not kept: %s", shape.user, error)

    def drop(self, user: str, job: JobId) -> None:
        """Keep that of ``job`` no more."""
        self._path(user, job).unlink(missing_ok=True)

    def _path(self, user: str, job: JobId) -> Path:
        name = hashlib.sha256(f"{user}\n{job}".encode()).hexdigest()
        return self._folder / f"{name[:32]}.json"


def _event(connection: Connection, seq: int) -> list[str] | None:
    row = _EVENT.first(connection, seq=seq)
    return None if row is None else list(row)


def _read(document: Any) -> tuple[KeptShape, list[str]]:
    shape = KeptShape(
        user=document["user"],
        job=JobId(document["job"]),
        newest=document["newest"],
        groups=[
            JobGroup(JobKind(kind), entry_point, JobState(status), ids.split(_BETWEEN))
            for kind, entry_point, status, ids in document["groups"]
        ],
        others=[WorkflowNode(**each) for each in document["others"]],
        edges=[WorkflowEdge(**each) for each in document["edges"]],
    )
    return shape, document["event"]
