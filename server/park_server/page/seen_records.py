"""What the page asks for: views that are gathered for it. Times are RFC 3339 in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from park.model.states import NodeKind

__all__ = [
    "ArgumentRecord",
    "CallRecord",
    "FileDifference",
    "PreviewRecord",
    "ProgressSeries",
    "ProjectAbout",
    "SourceDifference",
    "WorkflowEdge",
    "WorkflowNode",
    "WorkflowRecord",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class ArgumentRecord:
    """An argument as people read it; ``name`` is None of a positional one.

    ``job`` is that of which it takes something.
    """

    name: str | None
    text: str
    job: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRecord:
    """What a job was called with, and ``result``, what it returned, where it did."""

    entry_point: str
    arguments: list[ArgumentRecord]
    left_out: int = 0
    by_value: str | None = None
    result: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressSeries:
    """What a job reported, column by column, thinned out where there is much of it.

    ``time`` is in seconds since 1970. ``reports`` is how many there were.
    """

    reports: int
    time: list[float]
    done: list[float | None]
    total: list[float | None]
    values: dict[str, list[float | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewRecord:
    """A file of a job as far as it can be shown without trust.

    ``kind`` is ``text``, ``table``, ``arrays``, ``image`` or ``bytes``. ``truncated``: there is
    more of it. An ``image`` is fetched as a file, and shown as ``media_type``.
    """

    kind: str
    size: int
    truncated: bool = False
    text: str | None = None
    media_type: str | None = None
    columns: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    arrays: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkflowNode:
    """A piece of a workflow, or many equal ones: ``counts`` has how many are in each state.

    ``job`` is its id, or that of the first of them. ``condition`` is under which it starts, in
    words, where that is more than what it needs. ``service`` is the URL of another service.
    ``is_foldable``: it stands for several, which are shown apart where its key is asked for.
    """

    key: str
    kind: NodeKind
    label: str
    counts: dict[str, int]
    entry_point: str | None = None
    job: str | None = None
    service: str | None = None
    why: str | None = None
    condition: str | None = None
    progress: dict[str, Any] | None = None
    is_foldable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkflowEdge:
    """What ``needed`` gives to what is ``by``, in the way ``how``."""

    needed: str
    by: str
    how: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkflowRecord:
    """The workflow of ``job``: nodes and edges of its picture, and how many ``jobs`` it has.

    ``by_function``: it is so large that all calls of one function are one node.
    """

    job: str
    jobs: int
    by_function: bool
    counts: dict[str, int]
    nodes: list[WorkflowNode]
    edges: list[WorkflowEdge]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectAbout:
    """What a version of a project says about itself, read from ``filename``.

    Its README is ``html``, which was sanitised, or ``text``, or None of both.
    """

    name: str
    version: str
    filename: str
    summary: str
    requires_python: str
    license: str
    author: str
    requires: list[str]
    urls: dict[str, str]
    html: str | None
    text: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileDifference:
    """A file that differs: ``change`` is ``added``, ``removed`` or ``changed``.

    ``lines`` are of a unified difference, without its head; ``note`` says what they do not.
    """

    name: str
    change: str
    added: int
    removed: int
    lines: list[str]
    note: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceDifference:
    """What differs between ``project`` in its version ``old`` and ``new``; ``left_out`` more do."""

    project: str
    old: str
    new: str
    files: list[FileDifference]
    left_out: int
