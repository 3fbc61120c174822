"""The engines that the operator chose, read from the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from park.errors import UsageError

__all__ = ["EngineChoice", "chosen_engines", "store_of_nodes"]

_NAMES = ("local", "slurm")
_PARTITION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineChoice:
    """An engine of the service; ``partitions`` are those of a cluster that jobs may go to."""

    name: str
    partitions: tuple[str, ...] = ()


def chosen_engines(texts: Sequence[str]) -> tuple[EngineChoice, ...]:
    """Return the engines of ``local``, ``slurm`` or ``slurm:PARTITION,…``; without a word, local.

    Raises `UsageError`.
    """
    found = tuple(map(_chosen, texts or ["local"]))
    names = [choice.name for choice in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(
            f"--engine {twice[0]} is given twice",
            hint="its partitions go together: --engine slurm:main,long",
        )
    return found


def _chosen(text: str) -> EngineChoice:
    name, colon, rest = text.partition(":")
    partitions = tuple(rest.split(",")) if colon else ()
    if name not in _NAMES or (colon and name != "slurm"):
        raise UsageError(
            f"--engine {text!r}: there are {', '.join(_NAMES)}",
            hint="for example --engine local --engine slurm:main,long",
        )
    if not all(map(_PARTITION.fullmatch, partitions)):
        raise UsageError(
            f"--engine {text!r}: expected names of partitions behind the colon",
            hint="`sinfo` shows them",
        )
    return EngineChoice(name=name, partitions=partitions)


def store_of_nodes(path: Path) -> Path:
    """Return ``path``, which is one on the nodes and need not be here; raises `UsageError`."""
    if not path.is_absolute():
        raise UsageError(
            f"--node-store {path}: expected a whole path",
            hint="a folder on a disk of each node: --node-store /scratch/park",
        )
    return path
