"""What the engines of a service can give, and which of them a job goes to: values alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from park.errors import CannotSatisfy
from park.model.asked.resources import NOTHING_ASKED, Resources
from park.model.ids import JobId
from park.model.sizes import shown_size

__all__ = ["LOCAL", "SHORT_S", "EngineFacts", "EngineOffer", "PartitionOffer", "placed", "unmet"]

LOCAL = "local"
"""The name of the engine whose jobs are processes of the service's own machine."""

SHORT_S = 600.0
"""What is for pilots, and not worth a batch job of its own, where the operator says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PartitionOffer:
    """What a partition of a cluster has: ``nodes``, and what the largest of them offers.

    ``longest_s`` is how long a job may run there, None for as long as it likes. In all it has
    ``all_cpus``, of which ``cpus_taken`` were in use when it was asked.
    """

    nodes: int
    cpus: int
    memory_bytes: int
    gpus: int = 0
    longest_s: float | None = None
    all_cpus: int = 0
    cpus_taken: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineOffer:
    """What an engine can give.

    On a machine of its own it has ``cpus`` slots, ``gpus`` devices and ``memory_bytes`` (None: of
    no known size). A cluster has ``partitions`` instead, and a queue of its own; where it could
    not be asked what they are, there are none, and it is to say itself what it cannot give.
    ``partition`` is the one that jobs go to which name none; ``extra`` the options that it takes.
    A cluster that ``is_pilots`` has workers for small jobs, one cpu each, and nothing to choose:
    ``workers`` on ``pilots`` of them are there now, None where nobody knows yet.
    """

    name: str
    cpus: int | None = None
    gpus: int = 0
    memory_bytes: int | None = None
    is_cluster: bool = False
    is_pilots: bool = False
    workers: int | None = None
    pilots: int = 0
    partitions: Mapping[str, PartitionOffer] = field(default_factory=dict)
    partition: str | None = None
    extra: frozenset[str] = frozenset()


class EngineFacts(Protocol):
    """Who knows what the engines of a service can give, and how jobs are there."""

    def offers(self) -> Sequence[EngineOffer]:
        """Return what they can give, the default first; from any thread."""

    def remark(self, job_id: JobId) -> str | None:
        """Say how a job is in the queue of its engine, where that has one; from any thread."""


def placed(
    asked: Resources | None,
    offers: Sequence[EngineOffer],
    *,
    expected_s: float | None = None,
    short_s: float = SHORT_S,
) -> Resources | None:
    """Return ``asked`` with the engine that gives it: the one that it names, else the first.

    Of clusters, a job that is expected to take ``expected_s`` goes to pilots up to ``short_s``,
    and to a queue of batch jobs above, where there is one that gives what it asks.
    The first engine is the one of jobs that ask for nothing: None stays None. Raises
    `CannotSatisfy` where none gives it, with the reason of each.
    """
    wanted = asked or NOTHING_ASKED
    named = [offer for offer in offers if wanted.engine in {None, offer.name}]
    if not named:
        there = ", ".join(offer.name for offer in offers)
        raise CannotSatisfy(
            f"this service has no engine {wanted.engine!r}: it has {there}",
            hint="`park queues` shows its engines and partitions",
        )
    reasons: list[str] = []
    for offer in _in_turn(named, expected_s, short_s):
        reason = unmet(wanted, offer)
        if reason is None:
            return _sent_to(offer, asked, is_default=offer is offers[0])
        reasons.append(f"{offer.name}: {reason}")
    raise CannotSatisfy(
        f"no engine of this service can run a job with {wanted}: {'; '.join(reasons)}",
        hint="ask for less, or elsewhere: `park queues` shows what there is",
    )


def _in_turn(
    offers: Sequence[EngineOffer], expected_s: float | None, short_s: float
) -> Iterator[EngineOffer]:
    """Yield engines as they are tried: those of clusters that suit the time before the others.

    The machine's own keeps its place: a short job of a service whose first engine is a cluster
    is no job of the machine that serves.
    """
    clusters = [offer for offer in offers if offer.is_cluster]
    if expected_s is not None:
        clusters.sort(key=lambda each: (expected_s <= short_s) != each.is_pilots)
    suited = iter(clusters)
    return (next(suited) if offer.is_cluster else offer for offer in offers)


def _sent_to(offer: EngineOffer, asked: Resources | None, *, is_default: bool) -> Resources | None:
    wanted = asked or NOTHING_ASKED
    partition = _other_partition(wanted, offer) or wanted.partition
    if is_default and partition == wanted.partition:
        return asked
    return replace(wanted, engine=wanted.engine or offer.name, partition=partition)


def _other_partition(asked: Resources, offer: EngineOffer) -> str | None:
    """Return the first partition that gives what is asked of none, where the default does not."""
    default = offer.partitions.get(offer.partition or "")
    if asked.partition is not None or default is None or _unmet_by(asked, default) is None:
        return None
    given = (name for name, each in offer.partitions.items() if _unmet_by(asked, each) is None)
    return next(given, None)


def unmet(asked: Resources, offer: EngineOffer) -> str | None:
    """Say what of ``asked`` an engine cannot give, with what there is; None where it gives all."""
    if offer.is_pilots:
        return _unmet_by_pilots(asked)
    return _unmet_by_cluster(asked, offer) if offer.is_cluster else _unmet_here(asked, offer)


def _unmet_here(asked: Resources, offer: EngineOffer) -> str | None:
    if asked.nodes > 1:
        return f"{asked.nodes} nodes are asked for, and it is one machine"
    for name in ("partition", "account", "licenses", "extra"):
        if value := getattr(asked, name):
            return f"{name}={value!r} is for a cluster, and it is one machine"
    return _too_much(asked, cpus=offer.cpus, memory=offer.memory_bytes, gpus=offer.gpus)


def _unmet_by_pilots(asked: Resources) -> str | None:
    for name in ("partition", "account", "licenses", "extra", "gpus"):
        if value := getattr(asked, name):
            return f"{name}={value!r} is for a job of its own, and a pilot's workers run small ones"
    if max(asked.cpus, asked.nodes) > 1:
        return f"{asked.cpus} cpus on {asked.nodes} nodes are asked for, and each worker is one"
    return None


def _unmet_by_cluster(asked: Resources, offer: EngineOffer) -> str | None:
    for option in asked.extra:
        name = option.partition("=")[0]
        if name not in offer.extra:
            return f"{name} is no option that jobs may give; these are: {_listed(offer.extra)}"
    names = (asked.partition or "").split(",")
    if not offer.partitions or names == [""]:
        found = list(_default_first(offer))
    else:
        if unknown := [name for name in names if name not in offer.partitions]:
            return f"it has no partition {unknown[0]}: there are {_listed(offer.partitions)}"
        found = [offer.partitions[name] for name in names]
    reasons = [_unmet_by(asked, each) for each in found]
    return reasons[0] if reasons and None not in reasons else None


def _default_first(offer: EngineOffer) -> Sequence[PartitionOffer]:
    order = sorted(offer.partitions, key=lambda name: name != offer.partition)
    return [offer.partitions[name] for name in order]


def _unmet_by(asked: Resources, there: PartitionOffer) -> str | None:
    if asked.nodes > there.nodes:
        return f"{asked.nodes} nodes are asked for, and there are {there.nodes}"
    if there.longest_s is not None and (asked.walltime_s or 0) > there.longest_s:
        return f"{asked.walltime_s:g} s are asked for, and jobs end there after {there.longest_s:g}"
    return _too_much(asked, cpus=there.cpus, memory=there.memory_bytes, gpus=there.gpus)


def _too_much(asked: Resources, *, cpus: int | None, memory: int | None, gpus: int) -> str | None:
    if cpus is not None and asked.cpus > cpus:
        return f"{asked.cpus} cpus are asked for, and there are {cpus}"
    if asked.gpus > gpus:
        return f"{asked.gpus} gpus are asked for, and there are {gpus}"
    if memory is not None and (asked.memory_bytes or 0) > memory:
        there = shown_size(memory)
        return f"{shown_size(asked.memory_bytes or 0)} are asked for, and there are {there}"
    return None


def _listed(names: Mapping[str, object] | frozenset[str]) -> str:
    return ", ".join(sorted(names))
