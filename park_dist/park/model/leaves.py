"""The leaves of conditions: what each needs, which service knows it, how that one writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from park.model.conditions import Comparison, InstallIs, JobIs, Leaf, Operand, Phase
from park.model.conditions_json import condition_to_json
from park.model.references import Reference, What

__all__ = [
    "at_home",
    "leaf_to_json",
    "local_leaf",
    "needed_by",
    "references_of",
    "service_of",
]


def service_of(leaf: Leaf) -> str | None:
    """Return the URL of the service that knows what ``leaf`` is worth; None where none is named."""
    match leaf:
        case JobIs(service=service) | InstallIs(service=service):
            return service
        case Comparison():
            services = (each.service for each in references_of(leaf))
            return next((service for service in services if service is not None), None)
    return None


def references_of(leaf: Comparison) -> Iterator[Reference]:
    """Yield the references that are compared."""
    return (each for each in (leaf.left, leaf.right) if isinstance(each, Reference))


def needed_by(leaf: Leaf) -> Iterator[tuple[str, str | None, Phase | What]]:
    """Yield the job or install that ``leaf`` needs, the service that has it, and what of it."""
    match leaf:
        case JobIs(job=needed, phase=phase, service=service):
            yield needed, service, phase
        case InstallIs(install=needed, phase=phase, service=service):
            yield needed, service, phase
        case Comparison():
            yield from ((each.job, each.service, each.what) for each in references_of(leaf))


def local_leaf(leaf: Leaf, service: str | None) -> Leaf:
    """Return ``leaf`` as ``service`` reads it: what lives there is named without its URL."""
    match leaf:
        case JobIs() | InstallIs():
            return replace(leaf, service=None) if leaf.service == service else leaf
        case Comparison(left=left, right=right):
            return replace(leaf, left=_local(left, service), right=_local(right, service))
    return leaf


def at_home(leaf: Leaf) -> Leaf:
    """Return ``leaf`` as the service that knows it writes it: without its URL."""
    return local_leaf(leaf, service_of(leaf))


def leaf_to_json(leaf: Leaf) -> dict[str, Any]:
    """Return ``leaf`` as JSON, as a service is asked about it (`park.model.conditions_json`)."""
    node: dict[str, Any] = condition_to_json(leaf)["condition"]
    return node


def _local(operand: Operand, service: str | None) -> Operand:
    if isinstance(operand, Reference) and operand.service == service:
        return replace(operand, service=None)
    return operand
