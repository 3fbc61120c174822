"""References: placeholders for what a job will leave, in arguments, conditions and URLs.

As JSON a reference is a node of the job codec::

    {"$park": "reference", "job": ID, "what": "value", "path": [["item", "chisq"]],
     "service": "https://sns.example.org/service"}

``service`` is the URL of the service that has the job, absent where it is the one that
reads the reference; with ``own`` the user says that this one is his own, and what it pickled is
read, which is to run code of it; ``name`` that of a file, absent where the job itself says which.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal

from park.errors import UsageError

__all__ = ["NODE", "Reference", "Step", "What", "nonempty", "references_in"]

NODE = "reference"
"""The kind of the node, under the codec's key ``$park``."""

_TAG = "$park"  # as in `park.runtime.codec`, which stands apart

Step = tuple[Literal["item", "attribute"], str | int]
"""One step into a value: ``("item", key)`` or ``("attribute", name)``."""

MOST_STEPS = 64
"""The longest path into a value: far beyond any that a person writes."""


class What(StrEnum):
    """What of a job a reference stands for."""

    VALUE = "value"
    """What it returned."""
    FILE = "file"
    """A file that it left: in a job that gets it, the path of a local copy."""
    URL = "url"
    """The URL of such a file on the service that has it."""
    FILES = "files"
    """All files that it left; in races only, whose winners these are."""
    PROGRESS = "progress"
    """The values of its newest report of progress; in conditions only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """What ``job`` will leave; ``path`` leads into a value, ``name`` names a file.

    ``own``: what ``service`` pickled is read, since the user has named it as his own.
    """

    job: str
    what: What
    service: str | None = None
    name: str | None = None
    path: tuple[Step, ...] = ()
    own: bool = False

    def item(self, key: str | int) -> Reference:
        """Return the reference to an item of this one's value."""
        return self._into("item", key)

    def attribute(self, name: str) -> Reference:
        """Return the reference to an attribute of this one's value."""
        return self._into("attribute", name)

    def _into(self, kind: Literal["item", "attribute"], key: str | int) -> Reference:
        if self.what not in {What.VALUE, What.PROGRESS}:
            raise UsageError(f"a {self.what} has no items: {key!r}")
        if len(self.path) == MOST_STEPS:
            raise UsageError(f"a reference leads at most {MOST_STEPS} steps into a value")
        path = (*self.path, (kind, key))
        return replace(self, path=path)

    def __str__(self) -> str:
        path = "".join(f"[{key!r}]" if kind == "item" else f".{key}" for kind, key in self.path)
        name = f" {self.name}" if self.name is not None else ""
        return f"{self.what}{path}{name} of job {self.job}"

    @property
    def key(self) -> str:
        """The one text of a reference, by which what it stands for is found again."""
        return json.dumps(self.as_json(), sort_keys=True)

    def as_json(self) -> dict[str, Any]:
        """Return the node; what is absent is left out."""
        node: dict[str, Any] = {_TAG: NODE, "job": self.job, "what": str(self.what)}
        if self.service is not None:
            node["service"] = self.service
            if self.own:
                node["own"] = True
        if self.name is not None:
            node["name"] = self.name
        if self.path:
            node["path"] = [list(step) for step in self.path]
        return node

    @classmethod
    def from_json(cls, node: Mapping[str, Any]) -> Reference:
        """Rebuild a reference; raises `UsageError` for anything else."""
        try:
            whole = _whole(node["job"], node["what"], node.get("service"), node.get("name"))
            if node.get("own") is True and whole.service is not None:
                whole = replace(whole, own=True)
            return whole if "path" not in node else replace(whole, path=_path(node["path"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"not a reference: {_shown(node)}",
                hint='it has "job", "what" (value, file, url or progress) and at most '
                f"{MOST_STEPS} steps of a path",
            ) from error


@lru_cache(maxsize=10_000)
def _whole(job: Any, what: Any, service: Any, name: Any) -> Reference:
    """Return a reference to the whole of what it stands for; raises where it is none.

    Several jobs of a workflow need the same one, and each is read at several places.
    """
    return Reference(
        job=nonempty(job),
        what=What(what),
        service=None if service is None else nonempty(service),
        name=None if name is None else _some(name),  # its bytes may be no UTF-8
    )


def nonempty(value: Any) -> str:
    """Return ``value``, which is text of UTF-8; raises `ValueError` for anything else, and none."""
    _some(value).encode()
    return str(value)


_LONGEST = 4_096
"""Characters of a URL, an id or a file's name: as a path on Linux (PATH_MAX)."""


def _some(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise ValueError(value)
    return value


_MOST_SHOWN = 200


def _shown(node: Mapping[str, Any]) -> str:
    """Return what a node says, without what is nested in it, cut."""
    flat = {key: value for key, value in node.items() if not isinstance(value, (list, dict))}
    text = ascii(flat)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _path(steps: Any) -> tuple[Step, ...]:
    if not isinstance(steps, (list, tuple)) or len(steps) > MOST_STEPS:
        raise ValueError(steps)
    return tuple(_step(each) for each in steps)


def _step(value: Any) -> Step:
    kind, key = value
    if kind == "item" and isinstance(key, (str, int)) and not isinstance(key, bool):
        return ("item", key)
    if kind == "attribute" and isinstance(key, str) and key.isidentifier():
        return ("attribute", key)
    raise ValueError(value)


def references_in(document: Any) -> Iterator[Reference]:
    """Yield the references among the encoded arguments of a call, depth first.

    Raises `UsageError` for a damaged one.
    """
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(reversed(value))
        elif isinstance(value, dict):
            if value.get(_TAG) == NODE:
                yield Reference.from_json(value)
            else:
                pending.extend(reversed(value.values()))
