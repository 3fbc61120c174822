"""What came of a call that was made again: compared with what it left the first time."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from park.client.crates.crate_records import CrateJob, NamedFile
from park.model.parity.compared_files import compare_files
from park.model.parity.compared_values import compare_values
from park.model.parity.comparison import Comparison, Tolerance, Verdict

__all__ = ["Reproduction", "Run", "compared"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What a call left now, as job ``id``: ``result`` as it travels, or ``error``; its files."""

    id: str
    result: Any = None
    error: str | None = None
    files: dict[str, Path] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reproduction:
    """A job beside its repetition: what compares how, and the machines that both ran on."""

    job: CrateJob
    comparisons: Sequence[Comparison]
    there: dict[str, str]
    here: dict[str, str]

    @property
    def verdict(self) -> Verdict:
        """The worst of its parts."""
        verdicts = {each.verdict for each in self.comparisons}
        ordered = (Verdict.DIFFERENT, Verdict.CLOSE)
        return next((each for each in ordered if each in verdicts), Verdict.EQUAL)


def compared(job: CrateJob, folder: Path, run: Run, tolerance: Tolerance) -> Reproduction:
    """Compare ``run`` with what ``job`` left, whose files are below ``folder``."""
    return Reproduction(
        job=job,
        comparisons=[
            _how_it_ended(job, folder, run, tolerance),
            *_files(job, folder, run, tolerance),
        ],
        there={name: value for name, value in map(_pair, job.machine) if name},
        here=run.machine,
    )


def _how_it_ended(job: CrateJob, folder: Path, run: Run, tolerance: Tolerance) -> Comparison:
    found = Comparison(of="result", tolerance=tolerance)
    if job.error != run.error:
        ends = (job.error, run.error)
        found.differs("result", *("a result" if e is None else f"failed: {e}" for e in ends))
    elif job.error is not None:
        found.remarks.append(f"failed, as there: {job.error}")
    elif job.result is not None:
        try:
            document = json.loads((folder / job.result).read_text(encoding="utf-8"))
            there, here = _anywhere(document, job.id), _anywhere(run.result, run.id)
            compare_values(there, here, "result", found)
        except (
            KeyError,
            TypeError,
            ValueError,
            RecursionError,
        ) as error:  # who wrote it is unknown
            why = f"{type(error).__name__}: {error}"
            found.differs("result", f"one of both cannot be read ({why:.80})", "another one")
    return found


def _anywhere(document: Any, job: str) -> Any:
    """Return an encoded value in which the path of the job's own working folder is ``.``.

    Many a job returns the path of what it has written: that folder is another each time.
    """
    own = f"/{job}/work"

    def replaced(value: Any) -> Any:
        if isinstance(value, str):
            if own not in value:
                return value
            return "".join(_without_folder(each, own) for each in _BETWEEN_PATHS.split(value))
        if isinstance(value, list):
            return [replaced(item) for item in value]
        if isinstance(value, dict):
            return {key: replaced(item) for key, item in value.items()}
        return value

    return replaced(document)


_BETWEEN_PATHS = re.compile(r"([\s'\":])")
"""What ends a path in a text."""


def _without_folder(path: str, own: str) -> str:
    """Return ``path`` with ``.`` for all up to the last ``own`` in it that is a folder's name.

    In one look: a pattern looks from each slash on, for minutes where somebody wrote many.
    """
    begin, end = path.find("/"), path.rfind(own) + len(own)
    following = path[end : end + 1]
    is_folder = 0 <= begin < end - len(own) and not (following.isalnum() or following == "_")
    return f"{path[:begin]}.{path[end:]}" if is_folder else path


def _files(job: CrateJob, folder: Path, run: Run, tolerance: Tolerance) -> list[Comparison]:
    left = {each.name: each for each in job.outputs}
    return [
        _file(name, left.get(name), folder, run, tolerance)
        for name in dict.fromkeys([*left, *run.files])
    ]


def _file(
    name: str, left: NamedFile | None, folder: Path, run: Run, tolerance: Tolerance
) -> Comparison:
    found = Comparison(of=name, tolerance=tolerance)
    here = run.files.get(name)
    if left is None or here is None:
        found.differs(name, *("absent" if each is None else "a file" for each in (left, here)))
    else:
        compare_files(folder / left.path, here, name, found)
    return found


def _pair(pair: Sequence[str]) -> tuple[str, str]:
    name, value = (*pair, "", "")[:2]
    return str(name), str(value)
