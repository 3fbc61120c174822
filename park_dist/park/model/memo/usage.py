"""What one run used, as data: whatever is in here has to be the same for its result to count.

Paths below an environment are relative to it, as in RECORD
(``lib/python3.11/site-packages/mymodel/layers.py``), but for a dist-info, which is named without
its version (``mymodel.dist-info/METADATA``): that is new with each edit of a tree, and whoever
reads it reads a file in there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from park.digests import is_sha256
from park.errors import UsageError

__all__ = ["OutsideFile", "Usage"]

_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class OutsideFile:
    """A file that is not the environment's, as it was: of the system, a root, or an area.

    ``sha256`` is that of its content, or of the names in a folder; ``mtime_ns`` counts where it is
    None: for a file too large to be read for this. What was not there has ``size`` -1.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one run used.

    ``files``: content that was read, by path; None for what was looked for and not there.
    ``folders``: the digest of the names in each folder that was listed. ``modules``: under each
    place where a module was looked for, what could be imported there: nothing, where the import
    failed. ``wheels``: of these everything counts, by digest. ``packages``: of these the names of
    all files count, and the content of what is no code: a look at a file (stat(2)) is not seen.
    ``trees``: the same for folders that wheels share. ``data``: the names and the content of what
    is no code, in the whole environment; ``distributions``: the names of all, and their entry
    points. ``startup``: what `site` runs as the interpreter starts. ``interpreter`` names the
    interpreter and its standard library; ``variables`` are those of the process that act on C
    libraries.

    ``only_this_lock`` says why the run is good for its own lock alone, ``never`` why it is to be
    no memo at all.
    """

    files: Mapping[str, str | None] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wheels: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    trees: Mapping[str, str] = field(default_factory=dict)
    data: str = ""
    distributions: str | None = None
    startup: str = ""
    outside: tuple[OutsideFile, ...] = ()
    interpreter: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    only_this_lock: str | None = None
    never: str | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex of the canonical form: equal usages have equal ones."""
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return the form that `from_json` reads: sorted, and without what is empty."""
        document: dict[str, Any] = {"format": _FORMAT}
        for name in _DIGESTS:
            if found := getattr(self, name):
                document[name] = dict(sorted(found.items()))
        if self.modules:
            document["modules"] = {key: list(it) for key, it in sorted(self.modules.items())}
        for name in _TEXTS:
            if (text := getattr(self, name)) not in {None, ""}:
                document[name] = text
        if self.outside:
            document["outside"] = [
                [it.path, it.size, it.mtime_ns, it.sha256]
                for it in sorted(self.outside, key=lambda it: it.path)
            ]
        return document

    @classmethod
    def from_json(cls, document: Any) -> Usage:
        """Return the usage in ``document``; raises `UsageError` where it is none."""
        try:
            return cls(**_checked(document))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise UsageError(
                f"not a record of what a run used: {error}",
                hint="run the job again, or forget what is remembered of it: park memo forget",
            ) from error


_DIGESTS = ("files", "folders", "wheels", "packages", "trees", "variables")
_TEXTS = ("data", "distributions", "startup", "interpreter", "only_this_lock", "never")


def _checked(document: Any) -> dict[str, Any]:
    """Return the fields; raises what a wrong shape raises."""
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f"expected an object of format {_FORMAT}")
    unknown = document.keys() - {"format", "modules", "outside", *_DIGESTS, *_TEXTS}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(map(str, unknown)))}")
    fields: dict[str, Any] = {name: _texts(document.get(name, {}), name) for name in _DIGESTS}
    fields |= {name: _text(document[name], name) for name in _TEXTS if name in document}
    fields["modules"] = {
        key: tuple(_text(each, key) for each in found)
        for key, found in document.get("modules", {}).items()
    }
    fields["outside"] = tuple(_outside(row) for row in document.get("outside", []))
    return fields


def _texts(found: Any, name: str) -> dict[str, str | None]:
    texts = dict(found.items())
    optional = name == "files"
    if not all(isinstance(it, str) or (it is None and optional) for it in texts.values()):
        raise ValueError(f"{name} holds what is no text")
    return texts


def _text(found: Any, name: str) -> str:
    if not isinstance(found, str):
        raise TypeError(f"{name} holds what is no text")
    return found


def _outside(row: Any) -> OutsideFile:
    path, size, mtime_ns, sha256 = row
    numbers = type(size) is int and type(mtime_ns) is int
    if not numbers or not (sha256 is None or is_sha256(sha256)):
        raise ValueError("outside holds what is no file")
    return OutsideFile(path=_text(path, "outside"), size=size, mtime_ns=mtime_ns, sha256=sha256)
