"""Every query of the index: functions of a connection, values in and out."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName
from sqlalchemy import Connection, Row, and_, insert, or_, select

from park_repo.records import Layer, PublishedFile, Shelf
from park_repo.tables import files

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

__all__ = [
    "add_file",
    "all_contents",
    "files_by_digest",
    "files_of_project",
    "find_file",
    "project_names",
]

_COLUMNS = [files.c[field.name] for field in fields(PublishedFile)]


def find_file(connection: Connection, shelf: Shelf, filename: str) -> PublishedFile | None:
    """Return the file of this name on ``shelf``, or None."""
    row = connection.execute(
        select(*_COLUMNS).where(_on(shelf), files.c.filename == filename)
    ).first()
    return None if row is None else _file(row)


def files_of_project(
    connection: Connection, shelf: Shelf, project: NormalizedName
) -> tuple[PublishedFile, ...]:
    """Return the files of ``project`` on ``shelf`` in the order of their publication."""
    rows = connection.execute(
        select(*_COLUMNS).where(_on(shelf), files.c.project == project).order_by(files.c.id)
    )
    return tuple(_file(row) for row in rows)


def files_by_digest(
    connection: Connection, sha256: str, *, visible_to: str | None
) -> tuple[PublishedFile, ...]:
    """Return the files with these bytes; with a user's name, only those that he may see."""
    query = select(*_COLUMNS).where(files.c.sha256 == sha256).order_by(files.c.id)
    if visible_to is not None:
        query = query.where(or_(files.c.layer == Layer.PROJECTS, files.c.owner == visible_to))
    return tuple(_file(row) for row in connection.execute(query))


def project_names(connection: Connection, shelf: Shelf) -> tuple[NormalizedName, ...]:
    """Return the names of the projects on ``shelf``, sorted."""
    names = connection.scalars(
        select(files.c.project).where(_on(shelf)).distinct().order_by(files.c.project)
    )
    return tuple(NormalizedName(name) for name in names)


def all_contents(connection: Connection) -> frozenset[tuple[str, str]]:
    """Return (sha256, file name) of every file: what the store must hold, and no more."""
    rows = connection.execute(select(files.c.sha256, files.c.filename))
    return frozenset((sha256, filename) for sha256, filename in rows)


def add_file(connection: Connection, file: PublishedFile) -> None:
    """Insert ``file``; its name must be free on its shelf."""
    connection.execute(insert(files).values(**asdict(file)))


def _on(shelf: Shelf) -> ColumnElement[bool]:
    return and_(files.c.layer == shelf.layer, files.c.owner == shelf.owner)


def _file(row: Row[tuple[object, ...]]) -> PublishedFile:
    values = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for a row as a mapping)
    values["layer"] = Layer(values["layer"])
    return PublishedFile(**values)
