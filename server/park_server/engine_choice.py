"""The engines that the operator chose, read from the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from park.errors import UsageError

__all__ = [
    "EngineChoice",
    "chosen_engines",
    "reached_on_nodes",
    "shared_on_nodes",
    "store_of_nodes",
]

_NAMES = ("local", "parsl", "slurm")
_PARTITION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineChoice:
    """An engine of the service; ``partitions`` are those of a cluster that jobs may go to.

    ``config`` is the operator's configuration of Parsl.
    """

    name: str
    partitions: tuple[str, ...] = ()
    config: Path | None = None


def chosen_engines(texts: Sequence[str]) -> tuple[EngineChoice, ...]:
    """Return the engines of ``local``, ``slurm:PARTITION,…`` and the like; without a word, local.

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
    if name == "parsl":
        _require_parsl()
        return EngineChoice(name=name, config=_config(text, rest) if colon else None)
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


def _config(text: str, path: str) -> Path:
    config = Path(path).expanduser()
    if not config.is_file():
        raise UsageError(
            f"--engine {text}: there is no file {path!r}",
            hint="a Python file with `config`, as Parsl's documentation has it",
        )
    return config.resolve()


def _require_parsl() -> None:
    """Raise `UsageError` where Parsl is not installed; its import takes seconds, and is no test."""
    try:
        distribution("parsl")
    except PackageNotFoundError:
        raise UsageError(
            "--engine parsl: Parsl is not installed here",
            hint='pip install "park-dist[server,parsl]"',
        ) from None


def shared_on_nodes(
    engines: Sequence[EngineChoice], *, own_stores: bool, accounts: bool
) -> tuple[str, ...]:
    """Return what the nodes of ``engines`` do not keep apart of two users, a line for each.

    With ``own_stores`` nodes share nothing with the service; ``accounts``: each user has one of
    the machine, which nodes that share the home know by its number.
    """
    lines = []
    for name in (choice.name for choice in engines if choice.name != "local"):
        if name == "slurm" and own_stores:
            lines.append(f"on the nodes of {name} the jobs of all users run as one account")
        elif not accounts:
            lines.append(f"on the nodes of {name} jobs can change the folders of other jobs")
    return tuple(lines)


def reached_on_nodes(engines: Sequence[EngineChoice]) -> tuple[str, ...]:
    """Return what jobs reach on the nodes of ``engines``, a line for each, whoever their user is.

    Nodes speak to each other, and a node may be the machine of the service.
    """
    return tuple(
        f"on the nodes of {choice.name} jobs have the network of their node, unless the policy says"
        " another ([jobs] network)"
        for choice in engines
        if choice.name != "local"
    )


def store_of_nodes(path: Path) -> Path:
    """Return ``path``, which is one on the nodes and need not be here; raises `UsageError`."""
    if not path.is_absolute():
        raise UsageError(
            f"--node-store {path}: expected a whole path",
            hint="a folder on a disk of each node: --node-store /scratch/park",
        )
    return path
