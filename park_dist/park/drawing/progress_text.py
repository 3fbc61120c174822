"""What a job reports of its progress, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from park.model.durations import report_age

__all__ = ["progress_text", "values_text"]


def progress_text(report: Mapping[str, Any] | None) -> str:
    """Return how far a job is, and the values that it names: ``20 of 100, chisq 1.9``."""
    done, total = (report or {}).get("done"), (report or {}).get("total")
    far = "" if done is None else f"{_figure(done)}" + (f" of {_figure(total)}" if total else "")
    return ", ".join(filter(None, [far, values_text(report)]))


def values_text(report: Mapping[str, Any] | None) -> str:
    """Return the values that a report names, and its age where it is old: ``chisq 1.9, step 3``."""
    values, age = (report or {}).get("values"), (report or {}).get("age_s")
    said = values.items() if isinstance(values, dict) else ()
    old = report_age(age) if isinstance(age, (int, float)) else ""
    return ", ".join(filter(None, [*(f"{name} {_figure(value)}" for name, value in said), old]))


def _figure(value: Any) -> str:
    if isinstance(value, str) and _reads_as_another(value):
        return repr(value)
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _reads_as_another(text: str) -> bool:
    """Tell whether ``text`` would look like a number, or like no value: ``nan``, ``1.5``."""
    try:
        float(text)
    except ValueError:
        return text in {"", "None", "True", "False"}
    return True
