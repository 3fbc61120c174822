"""Every query of the index: functions of a connection, values in and out."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName, canonicalize_version
from sqlalchemy import Connection, Row, Table, and_, delete, func, insert, or_, select, update

from park_repo.file_records import (
    Layer,
    OwnedProject,
    ProjectStatus,
    ProjectTotal,
    PublishedFile,
    Shelf,
)
from park_repo.tables import files, projects, removed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

__all__ = [
    "add_file",
    "all_contents",
    "files_by_digest",
    "files_of_project",
    "find_file",
    "find_project",
    "forget_removal",
    "is_in_use",
    "owned_projects",
    "project_names",
    "put_project",
    "remove_each",
    "remove_files",
    "removed_digest",
    "set_yanked",
    "totals",
    "trees",
    "unown_project",
    "was_tree",
    "yank_file",
]

_COLUMNS = [files.c[field.name] for field in fields(PublishedFile)]


def find_file(connection: Connection, shelf: Shelf, key: str) -> PublishedFile | None:
    """Return the file of this key on ``shelf``, or None."""
    row = connection.execute(select(*_COLUMNS).where(_on(files, shelf), files.c.key == key)).first()
    return None if row is None else _file(row)


def files_of_project(
    connection: Connection, shelf: Shelf, project: NormalizedName
) -> tuple[PublishedFile, ...]:
    """Return the files of ``project`` on ``shelf`` in the order of their publication."""
    rows = connection.execute(
        select(*_COLUMNS).where(_on(files, shelf), files.c.project == project).order_by(files.c.id)
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
        select(files.c.project).where(_on(files, shelf)).distinct().order_by(files.c.project)
    )
    return tuple(NormalizedName(name) for name in names)


def all_contents(connection: Connection) -> frozenset[tuple[str, str]]:
    """Return (sha256, file name) of every file: what the store must hold, and no more."""
    rows = connection.execute(select(files.c.sha256, files.c.filename))
    return frozenset((sha256, filename) for sha256, filename in rows)


def add_file(connection: Connection, file: PublishedFile) -> None:
    """Insert ``file``; its name must be free on its shelf."""
    connection.execute(insert(files).values(**asdict(file)))


def set_yanked(
    connection: Connection, shelf: Shelf, project: NormalizedName, version: str, reason: str | None
) -> int:
    """Yank (with a reason, perhaps empty) or unyank (None) a version; return how many files."""
    mine = _of_version(connection, shelf, project, version)
    return connection.execute(update(files).where(mine).values(yanked=reason)).rowcount


def yank_file(
    connection: Connection, sha256: str, reason: str
) -> set[tuple[Shelf, NormalizedName]]:
    """Yank a file by its digest, wherever it stands; return on which shelves, in which projects."""
    mine = files.c.sha256 == sha256
    found = {
        (file.shelf, file.project)
        for file in (_file(row) for row in connection.execute(select(*_COLUMNS).where(mine)))
    }
    connection.execute(update(files).where(mine).values(yanked=reason))
    return found


def remove_files(
    connection: Connection, shelf: Shelf, project: NormalizedName, version: str
) -> tuple[PublishedFile, ...]:
    """Delete the files of a version, remember what their names meant, and return them."""
    mine = _of_version(connection, shelf, project, version)
    gone = tuple(_file(row) for row in connection.execute(select(*_COLUMNS).where(mine)))
    if gone:
        connection.execute(insert(removed), [_meaning(file) for file in gone])
        connection.execute(delete(files).where(mine))
    return gone


def remove_each(connection: Connection, gone: Sequence[PublishedFile]) -> None:
    """Delete the files ``gone``, and remember what their names meant."""
    if gone:
        connection.execute(insert(removed), [_meaning(file) for file in gone])
    for file in gone:
        connection.execute(delete(files).where(_on(files, file.shelf), files.c.key == file.key))


def trees(connection: Connection) -> tuple[PublishedFile, ...]:
    """Return every working tree of every user, in the order of their publication."""
    query = select(*_COLUMNS).where(files.c.layer == Layer.TREES).order_by(files.c.id)
    return tuple(_file(row) for row in connection.execute(query))


def was_tree(connection: Connection, sha256: str) -> bool:
    """Tell whether these bytes were a working tree that was removed, and are nothing else."""
    was = select(removed.c.sha256).where(removed.c.sha256 == sha256, removed.c.layer == Layer.TREES)
    still = select(files.c.id).where(files.c.sha256 == sha256)
    return connection.scalar(was.limit(1)) is not None and connection.scalar(still.limit(1)) is None


def removed_digest(connection: Connection, shelf: Shelf, key: str) -> str | None:
    """Return the sha256 that a removed file of this key had, or None."""
    query = select(removed.c.sha256).where(_on(removed, shelf), removed.c.key == key)
    return connection.scalar(query)


def forget_removal(connection: Connection, shelf: Shelf, key: str) -> None:
    """Forget that the file of this key was removed: it is back."""
    connection.execute(delete(removed).where(_on(removed, shelf), removed.c.key == key))


def is_in_use(connection: Connection, sha256: str, filename: str) -> bool:
    """Tell whether any file has these bytes under this name."""
    query = select(files.c.id).where(files.c.sha256 == sha256, files.c.filename == filename)
    return connection.scalar(query.limit(1)) is not None


def owned_projects(connection: Connection) -> tuple[OwnedProject, ...]:
    """Return the projects that the service owns, sorted by name."""
    return tuple(_project(row) for row in connection.execute(select(projects).order_by("name")))


def totals(connection: Connection, user: str) -> tuple[ProjectTotal, ...]:
    """Return what each project has on each shelf that ``user`` may see, by name."""
    query = (
        select(
            files.c.project,
            files.c.layer,
            func.count(files.c.version.distinct()),
            func.count(),
            func.sum(files.c.size),
        )
        .where(or_(files.c.layer == Layer.PROJECTS, files.c.owner == user))
        .group_by(files.c.project, files.c.layer)
        .order_by(files.c.project)
    )
    return tuple(
        ProjectTotal(
            project=NormalizedName(project),
            layer=Layer(layer),
            versions=versions,
            files=count,
            size=size,
        )
        for project, layer, versions, count, size in connection.execute(query)
    )


def find_project(connection: Connection, name: NormalizedName) -> OwnedProject | None:
    """Return the project of this name if the service owns it."""
    row = connection.execute(select(projects).where(projects.c.name == name)).first()
    return None if row is None else _project(row)


def put_project(connection: Connection, project: OwnedProject) -> None:
    """Insert ``project``, or replace the one of its name."""
    connection.execute(delete(projects).where(projects.c.name == project.name))
    connection.execute(insert(projects).values(**asdict(project)))


def unown_project(connection: Connection, name: NormalizedName) -> None:
    """Delete the project of this name; it must have no files."""
    connection.execute(delete(projects).where(projects.c.name == name))


def _on(table: Table, shelf: Shelf) -> ColumnElement[bool]:
    return and_(table.c.layer == shelf.layer, table.c.owner == shelf.owner)


def _of_version(
    connection: Connection, shelf: Shelf, project: NormalizedName, version: str
) -> ColumnElement[bool]:
    """Tell the files of a version: 1.0 and 1.0.0 are one, and a release may have files of both."""
    of_project = and_(_on(files, shelf), files.c.project == project)
    spelled = connection.scalars(select(files.c.version).where(of_project).distinct())
    wanted = _canonical(version)
    same = [each for each in spelled if _canonical(each) == wanted]
    return and_(of_project, files.c.version.in_(same))


def _canonical(version: str) -> str:
    """Return the one spelling of ``version``; what has none is its own."""
    try:
        return canonicalize_version(version)
    except ValueError:  # more digits than Python converts
        return version


def _meaning(file: PublishedFile) -> dict[str, str]:
    return {"layer": file.layer, "owner": file.owner, "key": file.key, "sha256": file.sha256}


def _file(row: Row[tuple[object, ...]]) -> PublishedFile:
    values = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for a row as a mapping)
    values["layer"] = Layer(values["layer"])
    return PublishedFile(**values)


def _project(row: Row[tuple[object, ...]]) -> OwnedProject:
    values = dict(row._mapping)  # noqa: SLF001 (see above)
    values["status"] = ProjectStatus(values["status"])
    return OwnedProject(**values)
