"""How many jobs each engine of a service has, and how many of them run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from park_server.jobs.admission.room import Room, engine_of
from park_server.jobs.engines.queue_view import Load
from park_server.jobs.run import Run

__all__ = ["loads_of"]


def loads_of(room: Room, length: Callable[[str], int], runs: Iterable[Run]) -> dict[str, Load]:
    """Return the load of each engine of ``room``, of whose queues ``length`` is known.

    What was handed to an engine with a queue of its own waits there until it begins. Of several
    partitions a job is counted in the first.
    """
    default = room.engines[0]
    begun: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    handed: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
    for run in runs:
        asked = run.job.resources
        named = None if asked is None or asked.partition is None else asked.partition.split(",")[0]
        (begun if run.has_begun else handed)[engine_of(asked, default)][named] += 1
    found = {}
    for engine in room.engines:
        held, (cpus, there) = room.count(engine), room.taken(engine)
        running = held if there is not None else min(begun[engine].total(), held)
        names = {*begun[engine], *handed[engine]}
        found[engine] = Load(
            running=running,
            waiting=length(engine) + held - running,
            cpus=cpus,
            of_partitions={name: (begun[engine][name], handed[engine][name]) for name in names},
        )
    return found
