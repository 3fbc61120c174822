"""Conditions as JSON, for services: versioned, of limited size and depth.

::

    {"version": 1, "condition": NODE}

    {"all": [NODE, …]}   {"any": [NODE, …]}   {"at_least": COUNT, "of": [NODE, …]}
    {"not": LEAF}
    {"job": ID, "is": "completed", "service": URL}        service: absent where it is local
    {"install": ID, "is": "completed", "service": URL}
    {"compare": [OPERAND, "<", OPERAND]}                  {"reference": NODE} or {"value": JSON}
    {"pool": NAME, "count": COUNT}
    {"at": TIME}   {"before": TIME}   {"after": SECONDS}  times in RFC 3339

A service refuses what it does not know: a condition that is half understood would start
jobs that should not run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from park.errors import UsageError
from park.model.conditions import (
    OPERATORS,
    After,
    At,
    AtLeast,
    Before,
    Comparison,
    Expression,
    InstallIs,
    JobIs,
    Leaf,
    Literal,
    Not,
    Operand,
    Phase,
    Pool,
    all_of,
    any_of,
)
from park.model.references import Reference, What, nonempty
from park.runtime import levels
from park.runtime.levels import is_too_deep

__all__ = [
    "LONGEST_DELAY_S",
    "MOST_LEVELS",
    "MOST_NODES",
    "POOL_NAME",
    "VERSION",
    "condition_from_json",
    "condition_to_json",
]

VERSION = 1

MOST_NODES = 200_000
"""A gathering of a sweep of 100,000 jobs, with room: some 20 MB of JSON."""

MOST_LEVELS = 64
"""Deeper nesting is no person's, and recursion has an end."""

_TOO_DEEP = f"a condition is nested at most {MOST_LEVELS} levels deep"
_MOST_JSON_LEVELS = 2 * MOST_LEVELS + 4 + levels.MOST_LEVELS
"""An object and a list for each level, then a comparison, then the value in it."""

POOL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_MOST_OF_A_POOL = 1_000_000
LONGEST_DELAY_S = 100 * 366 * 86_400.0
"""A century: after it, every moment is still one that a date can hold."""

_LONGEST_VALUE = 10_000
"""Characters of a value in a comparison: thresholds and names, not data."""


def condition_to_json(expression: Expression) -> dict[str, Any]:
    """Return ``expression`` as JSON; raises `UsageError` over the limits."""
    document = {"version": VERSION, "condition": _Writer().node(expression, 1)}
    condition_from_json(document)
    return document


def condition_from_json(document: Any) -> Expression:
    """Rebuild a condition; raises `UsageError` that says what is wrong, and where."""
    if not isinstance(document, Mapping) or set(document) != {"version", "condition"}:
        raise UsageError("a condition is an object with 'version' and 'condition'")
    if document["version"] != VERSION:
        raise UsageError(
            f"a condition of version {document['version']!r}; this is version {VERSION}",
            hint="client and service are of different ages: bring the older one up to date",
        )
    if is_too_deep(document, _MOST_JSON_LEVELS):
        raise UsageError(_TOO_DEEP)
    return _Reader().node(document["condition"], 1)


class _Writer:
    def node(self, expression: Expression, level: int) -> dict[str, Any]:
        _check_level(level)
        match expression:
            case AtLeast(count=count, parts=parts):
                nodes = [self.node(part, level + 1) for part in parts]
                if count == len(parts):
                    return {"all": nodes}
                return {"any": nodes} if count == 1 else {"at_least": count, "of": nodes}
            case Not(leaf=leaf):
                return {"not": _leaf_node(leaf)}
            case leaf:
                return _leaf_node(leaf)


def _leaf_node(leaf: Leaf) -> dict[str, Any]:  # noqa: PLR0911 (one for each kind)
    match leaf:
        case JobIs(job=name, phase=phase, service=service):
            return _with_service({"job": name, "is": str(phase)}, service)
        case InstallIs(install=name, phase=phase, service=service):
            return _with_service({"install": name, "is": str(phase)}, service)
        case Comparison(left=left, operator=operator, right=right):
            return {"compare": [_operand_node(left), operator, _operand_node(right)]}
        case Pool(name=name, count=count):
            return {"pool": name, "count": count}
        case At(moment=moment):
            return {"at": _time(moment)}
        case Before(moment=moment):
            return {"before": _time(moment)}
        case After(seconds=seconds):
            return {"after": seconds}
    raise AssertionError(leaf)


def _with_service(node: dict[str, Any], service: str | None) -> dict[str, Any]:
    return node if service is None else {**node, "service": service}


def _operand_node(operand: Operand) -> dict[str, Any]:
    if isinstance(operand, Reference):
        return {"reference": operand.as_json()}
    return {"value": operand.value}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _check_level(level: int) -> None:
    if level > MOST_LEVELS:
        raise UsageError(_TOO_DEEP)


class _Reader:
    def __init__(self) -> None:
        self._nodes = 0

    def node(self, node: Any, level: int) -> Expression:
        _check_level(level)
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise UsageError(f"a condition has at most {MOST_NODES} nodes")
        if not isinstance(node, Mapping):
            raise UsageError(f"not a condition: {_shown(node)}")
        if "at_least" in node:
            return self._at_least(node, level)
        for key, join in (("all", all_of), ("any", any_of)):
            if key in node:
                _only(node, {key})
                return join(self._parts(node[key], level))
        if "not" in node:
            _only(node, {"not"})
            return _negation(_leaf(node["not"]), node)
        return _leaf(node)

    def _at_least(self, node: Mapping[str, Any], level: int) -> Expression:
        _only(node, {"at_least", "of"})
        parts = self._parts(node.get("of"), level)
        count = node["at_least"]
        if not _is_whole(count) or not 1 < count < len(parts):
            raise UsageError(f"'at_least' is more than 1 and less than all: {_shown(node)}")
        return AtLeast(count=count, parts=tuple(parts))

    def _parts(self, nodes: Any, level: int) -> list[Expression]:
        if not isinstance(nodes, list):
            raise UsageError(f"not a list of conditions: {_shown(nodes)}")
        return [self.node(each, level + 1) for each in nodes]


def _negation(leaf: Leaf, node: Any) -> Expression:
    if not isinstance(leaf, (JobIs, InstallIs, Comparison)):
        raise UsageError(f"only what is said of jobs can be negated: {_shown(node)}")
    return Not(leaf=leaf)


def _leaf(node: Any) -> Leaf:
    for key, read in _LEAVES.items():
        if isinstance(node, Mapping) and key in node:
            try:
                return read(node)
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                raise UsageError(f"not a condition: {_shown(node)}") from error
    raise UsageError(
        f"not a condition that this version knows: {_shown(node)}",
        hint=f"a leaf has one of {', '.join(_LEAVES)}",
    )


def _job(node: Mapping[str, Any]) -> Leaf:
    _only(node, {"job", "is", "service"})
    return JobIs(job=nonempty(node["job"]), phase=Phase(node["is"]), service=_service(node))


def _install(node: Mapping[str, Any]) -> Leaf:
    _only(node, {"install", "is", "service"})
    phase = Phase(node["is"])
    if phase in {Phase.STARTED, Phase.CANCELLED}:
        raise ValueError(phase)
    return InstallIs(install=nonempty(node["install"]), phase=phase, service=_service(node))


def _comparison(node: Mapping[str, Any]) -> Leaf:
    _only(node, {"compare"})
    left, operator, right = node["compare"]
    comparison = Comparison(left=_operand(left), operator=operator, right=_operand(right))
    operands = (comparison.left, comparison.right)
    if operator not in OPERATORS or not any(isinstance(each, Reference) for each in operands):
        raise ValueError(operator)
    return comparison


def _operand(node: Mapping[str, Any]) -> Operand:
    if set(node) == {"reference"}:
        reference = Reference.from_json(node["reference"])
        if reference.what not in {What.VALUE, What.PROGRESS}:
            raise ValueError(reference)
        return reference
    if set(node) != {"value"}:
        raise ValueError(node)
    _check_value(node["value"])
    return Literal(value=node["value"])


def _check_value(value: Any) -> None:
    try:
        length = len(json.dumps(value, allow_nan=False))
    except ValueError as error:
        raise UsageError(f"JSON has no such number to compare with: {_shown(value)}") from error
    if length > _LONGEST_VALUE:
        raise UsageError(
            f"a value in a comparison has {length} characters as JSON, at most {_LONGEST_VALUE}",
            hint="compare in a job of its own, which returns whether they are equal",
        )


def _pool(node: Mapping[str, Any]) -> Leaf:
    _only(node, {"pool", "count"})
    name, count = nonempty(node["pool"]), node["count"]
    if not POOL_NAME.fullmatch(name) or not _is_whole(count):
        raise ValueError(node)
    if not 0 < count <= _MOST_OF_A_POOL:
        raise ValueError(count)
    return Pool(name=name, count=count)


def _at(node: Mapping[str, Any]) -> Leaf:
    _only(node, {"at"})
    return At(moment=_moment(node["at"]))


def _before(node: Mapping[str, Any]) -> Leaf:
    _only(node, {"before"})
    return Before(moment=_moment(node["before"]))


def _after(node: Mapping[str, Any]) -> Leaf:
    _only(node, {"after"})
    seconds = float(node["after"])
    if isinstance(node["after"], bool) or not 0 <= seconds <= LONGEST_DELAY_S:
        raise ValueError(seconds)
    return After(seconds=seconds)


_LEAVES: dict[str, Callable[[Mapping[str, Any]], Leaf]] = {
    "job": _job,
    "install": _install,
    "compare": _comparison,
    "pool": _pool,
    "at": _at,
    "before": _before,
    "after": _after,
}


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _service(node: Mapping[str, Any]) -> str | None:
    return nonempty(node["service"]) if "service" in node else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _only(node: Mapping[str, Any], keys: set[str]) -> None:
    if unknown := set(node) - keys:
        raise UsageError(f"unknown in a condition: {', '.join(sorted(unknown))} in {_shown(node)}")


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 200 else f"{text[:200]}…"  # noqa: PLR2004 (a line of a message)
