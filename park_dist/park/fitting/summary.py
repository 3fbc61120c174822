"""The result of a fit for people: as text, and as HTML for notebooks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["head", "html_table", "rounded", "summary"]

_PLAIN = 5
"""The power of ten up to which numbers are read without an exponent."""


def summary(result: Mapping[str, Any]) -> str:
    """Return the result as a few lines: chisq, how it ended, and the parameters."""
    rows = list(_rows(result))
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join([head(result), *(f"  {name:<{width}}  {value}" for name, value in rows)])


def head(result: Mapping[str, Any]) -> str:
    """Return the line above the parameters."""
    chisq = result.get("chisq")
    figure = "none" if chisq is None else f"{chisq:.5g}"
    steps, points = result.get("steps"), result.get("points")
    what = f"chisq {figure} of {points} points, {result.get('method')}, {steps} steps"
    return f"{what}: {_end(result)}"


def _end(result: Mapping[str, Any]) -> str:
    said = {True: "converged", False: "not converged", None: "sampled"}[result.get("converged")]
    why = str(result.get("why") or "")
    return why if result.get("stopped") else f"{said}, {why}"


def html_table(result: Mapping[str, Any]) -> str:
    """Return the result as HTML."""
    rows = "".join(
        f'<tr><td style="text-align:left">{escape(name)}</td>'
        f'<td style="text-align:left">{escape(value)}</td></tr>'
        for name, value in _rows(result)
    )
    return f"<p>{escape(head(result))}</p><table>{rows}</table>"


def _rows(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    values = result.get("values") or []
    errors = result.get("uncertainties") or [None] * len(values)
    for label, value, error in zip(result.get("labels") or [], values, errors, strict=True):
        yield str(label), rounded(value, error)


def rounded(value: float, error: float | None) -> str:
    """Return a value with its uncertainty, to two digits of that.

    >>> rounded(12.34567, 0.0321), rounded(1234.5, 321.0), rounded(0.5, None)
    ('12.346 ± 0.032', '1230 ± 320', '0.5')
    """
    if error is None or not math.isfinite(error) or error <= 0:
        return f"{value:.6g}"
    exponent = math.floor(math.log10(error))
    size = max(exponent, math.floor(math.log10(abs(value))) if value else exponent)
    if abs(size) <= _PLAIN:
        places = 1 - exponent
        shown = (round(value, places), round(error, places))
        return " ± ".join(f"{each:.{max(places, 0)}f}" for each in shown)
    digits = max(size - exponent + 1, 1)
    return f"{value:.{digits}e} ± {error:.1e}"
