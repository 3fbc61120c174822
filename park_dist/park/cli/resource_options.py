"""What a job asks of the machines, as options of a command."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from park.errors import UsageError

if TYPE_CHECKING:
    from park.model.asked.resources import ResourceKeywords

__all__ = ["add_resources", "asked_of", "size_of"]

_PREFIX = "asks_"


def add_resources(parser: argparse.ArgumentParser) -> None:
    """Add the options; what is given is checked by `asked_of`."""
    group = parser.add_argument_group("what it asks of the machine")
    for option, metavar, kind, text in (
        ("--cpus", "N", int, "cores, on each node (1)"),
        ("--memory", "SIZE", str, "memory, at most of each process's data: 500M, 2G, 1.5GiB"),
        ("--gpus", "N", int, "graphics processors, on each node (0)"),
        ("--nodes", "N", int, "machines at once (1)"),
        ("--walltime", "TIME", str, "after which it is ended: 2h, 90m, 02:00:00, 1-12:00:00"),
        ("--partition", "NAME", str, "partition of the cluster"),
        ("--account", "NAME", str, "account of the cluster that it is charged to"),
        ("--licenses", "NAME:N,…", str, "licences of the cluster that it takes: matlab:2,disk"),
        ("--engine", "NAME", str, "engine that it runs on; `park queues` shows them"),
    ):
        group.add_argument(
            option, dest=f"{_PREFIX}{option[2:]}", type=kind, metavar=metavar, help=text
        )
    group.add_argument(
        "--reuse",
        dest=f"{_PREFIX}reuse",
        action="store_true",
        default=None,
        help="it may have a process that had jobs before it: many short ones, on pilots",
    )
    group.add_argument(
        "--extra",
        dest=f"{_PREFIX}extra",
        action="append",
        metavar="OPTION",
        help="a further option of the cluster's: --extra=--constraint=avx2",
    )


def asked_of(options: argparse.Namespace) -> ResourceKeywords:
    """Return the keywords of what was given; raises `UsageError` naming the option."""
    from park.model.asked.resources import resources_said

    said: Any = {
        name.removeprefix(_PREFIX): value
        for name, value in vars(options).items()
        if name.startswith(_PREFIX) and value is not None
    }
    said |= {"memory": size_of(said["memory"])} if "memory" in said else {}
    try:
        resources_said(said)
    except UsageError as error:
        hint = _KEYWORD.sub(r"--\1 \2", error.hint or "")
        raise UsageError(f"--{error.message}", hint=hint) from error
    return said  # type: ignore[no-any-return]


_KEYWORD = re.compile(r'\b([a-z]+)="([^"]*)"')
"""How a hint says a keyword in Python."""


def size_of(text: str) -> int:
    """Return a size in bytes; raises `UsageError`."""
    from park.model.asked.resources import LEAST_MEMORY_BYTES
    from park.model.sizes import parse_size, shown_size

    try:
        size = parse_size(text)
    except ValueError as error:
        raise UsageError(f"--memory {text!r}: {error}", hint="for example --memory 2G") from error
    if size < LEAST_MEMORY_BYTES:
        raise UsageError(
            f"--memory {text!r} is {shown_size(size)}, in which no Python starts",
            hint=f"did you mean --memory {text.strip()}G?" if text.strip().isdigit() else "",
        )
    return size
