"""How a job runs: its limits, and what becomes of it after a failure or a loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from park.errors import UsageError
from park.model.asked.resources import (
    RESOURCE_KEYWORDS,
    ResourceKeywords,
    Resources,
    resources_said,
)
from park.model.call_label import checked_label

__all__ = [
    "OPTION_NAMES",
    "JobKeywords",
    "JobOptions",
    "option_values",
    "said_options",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobOptions:
    """What a submission, or ``@park.job``, says of a job besides what it calls.

    ``timeout_s``, ``stalled_after_s`` (without a report of progress) and ``memory_bytes`` (of
    each process's data) are limits, None for none.
    ``restartable``: it may run again from the beginning once its process is proven dead
    without an outcome. ``retries``: how often it may run again after it failed, ``backoff_s``
    seconds after the first failure and twice as long after each other. ``fresh`` asks for a
    fresh interpreter in place of a fork. ``label`` is what people call it; None: its call.
    ``memo``: it may be answered with what the same call left before, and answer others.
    ``resources`` are what it asks of the machine, None: nothing in particular.
    """

    timeout_s: float | None = None
    stalled_after_s: float | None = None
    memory_bytes: int | None = None
    restartable: bool = False
    retries: int = 0
    backoff_s: float = 1.0
    fresh: bool = False
    label: str | None = None
    memo: bool = True
    resources: Resources | None = None


OPTION_NAMES = tuple(each.name for each in fields(JobOptions))
"""The names of the options, which requests and rows have as well."""


def option_values(options: JobOptions) -> dict[str, Any]:
    """Return the options by name, of a record that has others besides, too."""
    return dict(zip(OPTION_NAMES, _OPTIONS_OF(options), strict=True))


_OPTIONS_OF = attrgetter(*OPTION_NAMES)


class JobKeywords(ResourceKeywords, total=False):
    """The keywords of a submission that say `JobOptions`; None is the same as nothing said."""

    timeout: float | None
    stalled_after: float | None
    restartable: bool | None
    retries: int | None
    backoff: float | None
    fresh: bool | None
    label: str | None
    memo: bool | None


_FIELDS = {
    "timeout": "timeout_s",
    "stalled_after": "stalled_after_s",
    "backoff": "backoff_s",
}
"""The fields whose keyword is another word: it has no unit."""


def said_options(said: JobKeywords, marked: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what is said of the `JobOptions` of a job, by field, as its request has it.

    That is what the submission has ``said``, and else what ``@park.job`` has ``marked``; the
    service adds the defaults. Raises `UsageError` for what no job can have, and `TypeError`
    for a keyword that there is not.
    """
    _check("retries", said.get("retries"), whole=True)
    _check("backoff", said.get("backoff"))
    _check("timeout", said.get("timeout"), above=True)
    _check("stalled_after", said.get("stalled_after"), above=True)
    if said.get("label") is not None:
        checked_label(said["label"])
    unknown = set(said) - JobKeywords.__optional_keys__
    if unknown:
        raise TypeError(f"no option of a job is called {', '.join(sorted(unknown))}")
    chosen = {
        _FIELDS.get(name, name): value
        for name, value in said.items()
        if name not in RESOURCE_KEYWORDS
    }
    options = _given({**(marked or {}), **_given(chosen)})
    return options | _asked(said, options.pop("resources", None))


def _asked(said: JobKeywords, marked: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields that say the resources: no process of a job has more memory than all."""
    words = _given({name: value for name, value in said.items() if name in RESOURCE_KEYWORDS})
    if not words and not marked:  # as of most jobs
        return {}
    asked = resources_said(words, marked)
    fields = {"resources": asked.as_json() or None, "memory_bytes": asked.memory_bytes}
    return _given(fields)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _check(name: str, value: Any, *, whole: bool = False, above: bool = False) -> None:
    """Refuse what is no number, or is below 0 (with ``above``: or is 0)."""
    if value is None:
        return
    kind: Any = int if whole else (int, float)
    if (
        isinstance(value, bool)
        or not isinstance(value, kind)
        or not math.isfinite(value)
        or value < 0
        or (above and value == 0)
    ):
        what = "a whole number" if whole else "a number"
        raise UsageError(f"{name}={value!r}: it is {what}, {'above' if above else 'not below'} 0")
