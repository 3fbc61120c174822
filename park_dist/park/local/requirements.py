"""Requirements compared by meaning: which of them apply in this interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["applicable", "requirement_name"]


def applicable(requires: Iterable[str]) -> frozenset[str]:
    """Return those of ``requires`` that apply here without extras, each in one spelling.

    Backends write the same requirement differently (quotes, order, parentheses); what is
    left once markers are evaluated is name, extras, and specifiers or URL.
    """
    parsed = (Requirement(text) for text in requires)
    return frozenset(
        _canonical(requirement)
        for requirement in parsed
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    )


def requirement_name(text: str) -> str | None:
    """Return the normalised project name in ``text``, None where that is no requirement."""
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        return None


def _canonical(requirement: Requirement) -> str:
    extras = ",".join(sorted(canonicalize_name(extra) for extra in requirement.extras))
    where = f" @ {requirement.url}" if requirement.url else str(requirement.specifier)
    return f"{canonicalize_name(requirement.name)}{f'[{extras}]' if extras else ''}{where}"
