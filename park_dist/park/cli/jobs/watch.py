"""``park watch``: a workflow while it runs, or all of a service, drawn or as lines in a pipe."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from park.cli.options import add_jobs, add_service, service_of
from park.cli.output import print_json_line, say, tell
from park.errors import JobFailed
from park.wire import GraphNode, GraphRecord, encode

if TYPE_CHECKING:
    from park.client.workflows.updates import Watched

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park watch                       the workflow of your newest job, until all of it has ended
  park watch …7f3abc && park result …7f3abc
  park watch --all                 all of yours on the service: move, read logs, cancel; q quits
The exit status is 1 where a piece failed or was cancelled. Ctrl-C ends the watching alone.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_jobs(parser)
    parser.add_argument(
        "-a",
        "--all",
        action="store_true",
        help="all that you have on the service, and how busy it is, until you quit",
    )
    parser.add_argument("--once", action="store_true", help="with --all: as it is now, and no more")
    parser.add_argument(
        "--json", action="store_true", help="print each change as a line of JSON, for programs"
    )
    add_service(parser)


def run(options: argparse.Namespace) -> int:
    """Follow the workflow to its end, or all of the service."""
    if options.all or options.once:
        from park.cli.board.whole_service import watch_all

        return watch_all(options)
    from park.client.workflows.graph import Workflows, job_named, others
    from park.client.workflows.updates import watched

    transport = service_of(options).transport
    jobs = [job_named(text) for text in options.job]
    with others() as elsewhere:
        states = watched(transport, Workflows(transport, elsewhere), jobs)
        if not options.json:
            states = _with_names(states)
        show = _chosen(options)
        try:
            return _worst(show(states))
        except KeyboardInterrupt:
            tell("the jobs go on; `park cancel JOB` ends one")
            raise


def _with_names(states: Watched) -> Watched:
    from park.client.access.known_services import with_names

    return (replace(state, record=with_names(state.record)) for state in states)


def _chosen(options: argparse.Namespace) -> Callable[[Watched], GraphRecord]:
    from park.drawing.look import console

    if options.json:
        return lambda states: _told(states, lambda node: print_json_line(encode(node)))
    terminal = console()
    if terminal is None:
        return lambda states: _told(states, lambda node: say(_line(node), flush=True))
    from park.drawing.live import live

    return lambda states: live(states, terminal)


def _worst(record: GraphRecord) -> int:
    from park.model.states import standing

    bad = any(standing(node.status) in {"failed", "cancelled"} for node in record.nodes)
    return JobFailed.exit_code if bad else 0


def _told(states: Watched, print_one: Callable[[GraphNode], None]) -> GraphRecord:
    """Print a line for each change of a state; return the last graph."""
    from park.client.workflows.layers import Workflow

    known: dict[str, str] = {}
    record = GraphRecord(nodes=[], edges=[])
    for state in states:
        record = state.record
        for node in (branch.node for branch in Workflow(record).branches()):
            if known.get(node.id) != node.status:
                known[node.id] = node.status
                print_one(node)
        if state.silence is not None:
            tell(f"park: {state.silence}; trying again")
    return record


def _line(node: GraphNode) -> str:
    from park.drawing.look import glyphs_for
    from park.drawing.tree import elapsed, label_of, one_line
    from park.model.conditions import brief
    from park.model.states import standing
    from park.model.urls import host_of

    glyphs = glyphs_for(sys.stdout)
    state = standing(node.status)
    parts = [f"{glyphs.of(node.status)} {node.status:<9}", brief(node.id), label_of(node)]
    if node.service is not None:
        parts.append(f"on {host_of(node.service)}")
    if state in {"completed", "failed", "cancelled"}:
        parts.append(elapsed(node, datetime.now(UTC)))
    if node.why and state != "completed":
        parts.append(one_line(node.why))
    return "  ".join(filter(None, parts)).replace("…", glyphs.ellipsis)
