"""Requirements compared by meaning: which of them apply in this interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["differences", "requirement_name"]


def differences(one: Iterable[str], other: Iterable[str]) -> frozenset[str]:
    """Return what one of both requires here and the other does not, each in one spelling.

    That is without extras of their own. Backends write the same requirement differently
    (quotes, order, parentheses); what is left once markers are evaluated is name, extras, and
    specifiers. A direct reference is any requirement of the same project with the same extras:
    backends make a path absolute in a place of their own, and the wheel of a tree has names
    alone.
    """
    left, right = list(_applicable(one)), list(_applicable(other))
    wanted = {_canonical(each) for each in left} ^ {_canonical(each) for each in right}
    referred = {_target(each) for each in (*left, *right) if each.url}
    on_both = referred & set(map(_target, left)) & set(map(_target, right))
    return frozenset(
        _canonical(each)
        for each in (*left, *right)
        if _canonical(each) in wanted and _target(each) not in on_both
    )


def requirement_name(text: str) -> str | None:
    """Return the normalised project name in ``text``, None where that is no requirement."""
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        return None


def _applicable(requires: Iterable[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, requires):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def _target(requirement: Requirement) -> str:
    """Return the project and its extras, without version and URL."""
    extras = ",".join(sorted(canonicalize_name(extra) for extra in requirement.extras))
    return f"{canonicalize_name(requirement.name)}{f'[{extras}]' if extras else ''}"


def _canonical(requirement: Requirement) -> str:
    where = f" @ {requirement.url}" if requirement.url else str(requirement.specifier)
    return f"{_target(requirement)}{where}"
