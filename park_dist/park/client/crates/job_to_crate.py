"""``park export``: a job, or a workflow up to a job, as one file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from park.client.access.transport import Transport
from park.client.crates.crate_records import FORMAT, CrateRecord
from park.client.crates.gathering import Gathering
from park.client.crates.written_crate import files_below, write_crate
from park.client.report import Report
from park.client.workflows.graph import Elsewhere, Workflows, others
from park.errors import UsageError
from park.model.states import NodeKind
from park.wire import GraphNode, GraphRecord

__all__ = ["exported"]


def exported(
    transport: Transport,
    job: str,
    target: Path,
    report: Report,
    *,
    version: str,
    workflow: bool = False,
) -> CrateRecord:
    """Write ``job`` of the service behind ``transport`` to ``target``; return what is in it.

    ``version`` is that of the park that writes it. With ``workflow`` also the jobs that it depends
    on, however far, on other services of the user too. Raises `UsageError` for what cannot be
    exported.
    """
    with TemporaryDirectory(prefix="park-export-") as temporary, others() as elsewhere:
        gathering = Gathering(folder=Path(temporary), report=report)
        besides: list[str] = []
        if workflow:
            exact = _gather(transport, elsewhere, job, gathering, besides)
        else:
            exact = gathering.add(transport, job).id
        record = CrateRecord(
            format=FORMAT,
            created=datetime.now(UTC).replace(microsecond=0).isoformat(),
            park=version,
            job=exact,
            environments=list(gathering.environments.values()),
            jobs=gathering.jobs,
            files=files_below(gathering.folder),
            besides=besides,
        )
        write_crate(record, gathering.folder, target)
    return record


def _gather(
    transport: Transport,
    elsewhere: Elsewhere,
    job: str,
    gathering: Gathering,
    besides: list[str],
) -> str:
    """Gather ``job`` and what it depends on; return its whole id."""
    graph = Workflows(transport, elsewhere).connected([job])
    if not graph.complete:
        raise UsageError(
            f"the workflow of job {job} has more pieces than a service describes at once",
            hint="export its jobs one by one: without --workflow",
        )
    nodes = {node.id: node for node in graph.nodes}
    last = _named(nodes, job)
    for name in needed_first(graph, last):
        node = nodes[name]
        if node.kind is not NodeKind.CALL:
            besides += _besides(node)
            continue
        there = transport
        if node.service not in {None, transport.address.url}:
            there = _reached(elsewhere, node)
        needs = [e.needed for e in graph.edges if e.job == name and _is_call(nodes, e.needed)]
        gathering.add(there, name, needs=list(dict.fromkeys(needs)))
    return last


def _named(nodes: dict[str, GraphNode], job: str) -> str:
    found = [name for name in nodes if name.endswith(job)]
    if len(found) != 1:
        raise UsageError(f"{len(found)} jobs of the workflow end with {job!r}: name one")
    return found[0]


def needed_first(graph: GraphRecord, last: str) -> list[str]:
    """Return the pieces that ``last`` needs, however far, each behind what it needs itself."""
    needs: dict[str, list[str]] = {}
    for edge in graph.edges:
        needs.setdefault(edge.job, []).append(edge.needed)
    done: dict[str, None] = {}
    pending: list[tuple[str, Iterator[str]]] = [(last, iter(sorted(needs.get(last, ()))))]
    seen = {last}
    while pending:  # no recursion: a chain may have thousands of links
        name, ahead = pending[-1]
        following = next((each for each in ahead if each not in seen), None)
        if following is None:
            done[name] = None
            pending.pop()
        else:
            seen.add(following)
            pending.append((following, iter(sorted(needs.get(following, ())))))
    return list(done)


def _is_call(nodes: dict[str, GraphNode], name: str) -> bool:
    return name in nodes and nodes[name].kind is NodeKind.CALL


def _besides(node: GraphNode) -> list[str]:
    """Say of a piece that no process of a user did that it was there; of an install nothing."""
    if node.kind is NodeKind.INSTALL:
        return []
    if node.kind is NodeKind.REMOTE:
        raise UsageError(
            f"the workflow needs job {node.id} on {node.service}, which is not asked: {node.why}",
            hint="park export without --workflow takes the job alone, with the inputs that it had",
        )
    return [f"{node.kind} {node.id}: {node.label} ({node.status})"]


def _reached(elsewhere: Elsewhere, node: GraphNode) -> Transport:
    transport = elsewhere(str(node.service))
    if transport is None:
        raise UsageError(f"job {node.id} is on {node.service}, which is not one of your services")
    return transport
