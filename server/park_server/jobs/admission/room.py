"""What jobs hold of an engine while they run: its slots and its devices, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from park.model.asked.resources import NOTHING_ASKED, Resources
from park.model.ids import JobId
from park_server.jobs.engines.offers import LOCAL, EngineOffer

__all__ = ["Room", "cores_of", "engine_of", "room_of_slots"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    engine: str
    cpus: int
    gpus: int


class Room:
    """The engines of a service, and what is taken of each. Belongs to the event loop.

    An engine with a queue of its own always has room: it decides itself who runs.
    """

    def __init__(self, offers: Sequence[EngineOffer]) -> None:
        self._offers = {offer.name: offer for offer in offers}
        self._engines = tuple(self._offers)
        counted = (name for name, offer in self._offers.items() if offer.cpus is not None)
        self._shared = next(counted, None)
        self._default = offers[0].name
        self._held: dict[JobId, _Held] = {}
        self._cpus = dict.fromkeys(self._offers, 0)
        self._gpus = dict.fromkeys(self._offers, 0)

    @property
    def engines(self) -> tuple[str, ...]:
        """The names of the engines, that of jobs that name none first."""
        return self._engines

    @property
    def shared(self) -> str | None:
        """The engine whose slots are counted, for which users take turns; None where none is."""
        return self._shared

    def is_shared(self, asked: Resources | None) -> bool:
        """Tell whether a job waits for slots that are counted."""
        return engine_of(asked, self._default) == self.shared

    def taken(self, engine: str) -> tuple[int, int | None]:
        """Return how many slots are taken, and how many there are; from any thread."""
        return self._cpus[engine], self._offers[engine].cpus

    def slots(self) -> tuple[int, int]:
        """Return how many slots are taken of those that are counted, and how many there are."""
        counted = [each for each in map(self.taken, self._offers) if each[1] is not None]
        return sum(taken for taken, _ in counted), sum(size or 0 for _, size in counted)

    def is_full(self, engine: str) -> bool:
        """Tell whether no job at all can start there."""
        taken, there = self.taken(engine)
        return there is not None and taken >= there

    def is_counted(self, asked: Resources | None) -> bool:
        """Tell whether the engine of a job starts it at once, and has no queue of its own."""
        offer = self._offers.get(engine_of(asked, self._default))
        return offer is None or offer.cpus is not None

    def fits(self, asked: Resources | None) -> bool:
        """Tell whether what ``asked`` says is free.

        What asks for more than there is (there was more once) waits for all there is.
        """
        engine = engine_of(asked, self._default)
        offer, wanted = self._offers.get(engine), asked or NOTHING_ASKED
        if offer is None or offer.cpus is None:
            return True
        free_cpus, free_gpus = offer.cpus - self._cpus[engine], offer.gpus - self._gpus[engine]
        enough = (
            min(wanted.cpus, offer.cpus) <= free_cpus and min(wanted.gpus, offer.gpus) <= free_gpus
        )
        return enough and not self.is_full(engine)

    def take(self, job: JobId, asked: Resources | None) -> None:
        """Count ``job`` with what ``asked`` says, once, whether or not that fits."""
        engine, wanted = engine_of(asked, self._default), asked or NOTHING_ASKED
        offer = self._offers.get(engine)
        if offer is not None and job not in self._held:
            cpus = wanted.cpus if offer.cpus is None else min(wanted.cpus, offer.cpus)
            self._held[job] = _Held(engine=engine, cpus=cpus, gpus=min(wanted.gpus, offer.gpus))
            self._cpus[engine] += cpus
            self._gpus[engine] += self._held[job].gpus

    def count(self, engine: str) -> int:
        """Return how many jobs hold something of ``engine``."""
        return sum(held.engine == engine for held in self._held.values())

    def free(self, job: JobId) -> None:
        """Give back what ``job`` holds."""
        if (held := self._held.pop(job, None)) is not None:
            self._cpus[held.engine] -= held.cpus
            self._gpus[held.engine] -= held.gpus


def engine_of(asked: Resources | None, default: str) -> str:
    """Return the engine of a job that was placed; ``default`` is that of jobs that name none."""
    return (asked.engine if asked is not None else None) or default


def cores_of(asked: Resources | None) -> int:
    """Return how many cores a job has while it runs, of all its nodes."""
    return 1 if asked is None else asked.cpus * asked.nodes


def room_of_slots(slots: int) -> Room:
    """Return the room of one machine with ``slots``."""
    return Room((EngineOffer(name=LOCAL, cpus=slots),))
