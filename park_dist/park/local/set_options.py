"""What is said of a requirement set besides the module that it is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from park.errors import UsageError

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.utils import NormalizedName

    from park.model.pins import Pin

__all__ = ["PLAIN", "SetOptions", "exact_pin", "parsed_requirement", "set_options"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SetOptions:
    """What a set is to have besides what its module requires.

    ``taken`` are projects (perhaps with extras) that are installed here and go along, though
    nothing requires them; ``required`` are requirements (PEP 508) that the service resolves
    with its own index. ``as_installed`` takes the pins as they are where what is installed
    here contradicts itself. ``copied`` are releases whose installed files are packed and
    sent, since the service's index has no wheel of them.
    """

    taken: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    as_installed: bool = False
    copied: frozenset[Pin] = frozenset()

    def copying(self, pins: Iterable[Pin]) -> SetOptions:
        """Return these options with more releases whose installed files are sent."""
        return replace(self, copied=self.copied | frozenset(pins))

    @property
    def required_names(self) -> frozenset[NormalizedName]:
        """The projects that ``required`` names."""
        if not self.required:
            return frozenset()
        from packaging.utils import canonicalize_name

        return frozenset(canonicalize_name(parsed_requirement(text).name) for text in self.required)


PLAIN = SetOptions()
"""Nothing is said."""


def set_options(
    with_: str | Iterable[str] | None = None,
    requires: str | Iterable[str] | None = None,
    *,
    as_installed: bool = False,
) -> SetOptions:
    """Return what a caller says; one text is the same as a list of one.

    Raises `UsageError` for a requirement that is none (PEP 508), or names a place.
    """
    if not with_ and not requires and not as_installed:  # as of most jobs
        return PLAIN
    required = _texts(requires)
    for text in required:
        parsed_requirement(text)
    return SetOptions(taken=_texts(with_), required=required, as_installed=as_installed)


def parsed_requirement(text: str) -> Requirement:
    """Parse a requirement that a service is to resolve; raises `UsageError`."""
    # where nothing is said, which is nearly always, nothing is parsed
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(
            f"{text!r} is not a requirement (PEP 508): {error}",
            hint="for example sasmodels==1.1.0, or 'refl1d[webview]>=1'",
        ) from None
    if requirement.url is not None:
        raise UsageError(
            f"{text!r} names a place; a service takes what its index has",
            hint="install it here, and take it along: --with NAME",
        )
    return requirement


def exact_pin(text: str) -> Pin | None:
    """Return the pin that a requirement is, or None where it leaves anything open.

    >>> str(exact_pin("Refl1D == 1.0.1")), exact_pin("refl1d[webview]==1.0.1")
    ('refl1d==1.0.1', None)
    """
    from park.model.pins import parse_pin

    requirement = parsed_requirement(text)
    specifiers = list(requirement.specifier)
    if requirement.extras or requirement.marker is not None or len(specifiers) != 1:
        return None
    (only,) = specifiers
    if only.operator not in {"==", "==="} or only.version.endswith(".*"):
        return None
    return parse_pin(requirement.name, only.version)


def _texts(given: str | Iterable[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    texts = [given] if isinstance(given, str) else list(given)
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
