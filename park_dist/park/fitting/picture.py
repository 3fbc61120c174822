"""A fit as a picture: each curve with its residuals, the profiles, and the convergence.

SVG of our own, which needs no program at either end: no matplotlib is in many environments
of models, and its import takes longer than a short fit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from park.fitting.axis import Axis, axis_of
from park.fitting.curves import Table
from park.fitting.summary import head

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from typing import Any

__all__ = ["picture"]

_WIDTH, _LEFT, _RIGHT = 680, 72, 16
_CURVE, _RESIDUAL, _OTHER = 260, 90, 150
_TOP, _GAP = 44, 40
_MOST_CURVES = 6
_MOST_POINTS = 1_500
"""Of each curve: what more there is cannot be seen, and makes a notebook heavy."""

_SCOPE = "park-fit"
_RULES = (
    "text{font:11px sans-serif;fill:#333}",
    ".head{font-weight:bold}",
    ".frame{fill:none;stroke:#888}",
    ".grid{stroke:#ddd}",
    ".zero{stroke:#888}",
    ".data{fill:#1f6fb4}",
    ".error{stroke:#1f6fb4;stroke-width:.7}",
    ".fit{fill:none;stroke:#d2491b;stroke-width:1.5}",
)
_STYLE = "".join(f".{_SCOPE} {rule}" for rule in _RULES)
"""Holds in this picture alone, whatever page it stands in: a style sheet in SVG is the page's."""


def picture(result: Mapping[str, Any], tables: Mapping[str, Table]) -> str:
    """Return the fit as an SVG document; ``tables`` are those that it leaves, by name."""
    parts: list[str] = []
    top = float(_TOP)
    for panel, height in _panels(tables):
        parts += panel(top)
        top += height + _GAP
    size = f'class="{_SCOPE}" width="{_WIDTH}" height="{top:.0f}" viewBox="0 0 {_WIDTH} {top:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="fit">',
            f"<style>{_STYLE}</style>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            _text(_LEFT, 20, head(result), kind="head"),
            *parts,
            "</svg>\n",
        ]
    )


def _panels(tables: Mapping[str, Table]) -> Iterator[tuple[Any, int]]:
    """Yield what draws each panel at a height, and how high it is."""
    shown = 0
    for name, table in tables.items():
        if name.startswith("curve") and shown < _MOST_CURVES:
            shown += 1
            if {"x", "y", "dy", "fit"} <= table.columns.keys():
                yield _partial(_curve, table), _CURVE
            yield _partial(_residuals, table), _RESIDUAL
        elif name.startswith("profile"):
            yield _partial(_profile, table), _OTHER
        elif name == "convergence":
            yield _partial(_convergence, table), _OTHER


def _partial(draw: Any, table: Table) -> Any:
    thin = Table(table.name, _thinned(table.columns), table.of)
    return lambda top: draw(thin, top)


def _thinned(columns: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    step = max(1, math.ceil(max(map(len, columns.values())) / _MOST_POINTS))
    return {name: [float(each) for each in values[::step]] for name, values in columns.items()}


def _curve(table: Table, top: float) -> Iterator[str]:
    data = table.columns
    across, up = _axes(
        data["x"], [*data["y"], *data["fit"]], top, _CURVE, is_log_x=True, is_log_y=True
    )
    yield from _frame(across, up, f"{table.name}: data and fit")
    for x, y, error in zip(data["x"], data["y"], data["dy"], strict=True):
        if all(map(math.isfinite, (x, y, error))):
            at = across.place(x)
            yield _line(at, up.place(y - error), at, up.place(y + error), "error")
            yield f'<circle class="data" cx="{at:.1f}" cy="{up.place(y):.1f}" r="1.6"/>'
    yield _path(across, up, data["x"], data["fit"])


def _residuals(table: Table, top: float) -> Iterator[str]:
    data = table.columns
    values = data["residual"]
    places = data.get("x") or [float(number) for number in range(len(values))]
    across, up = _axes(places, [*values, -1.0, 1.0], top, _RESIDUAL, is_log_x="x" in data)
    yield from _frame(across, up, "residuals, in units of the error")
    yield _line(across.start, up.place(0), across.end, up.place(0), "zero")
    for x, y in zip(places, values, strict=True):
        if math.isfinite(x) and math.isfinite(y):
            yield (
                f'<circle class="data" cx="{across.place(x):.1f}" cy="{up.place(y):.1f}" r="1.4"/>'
            )


def _profile(table: Table, top: float) -> Iterator[str]:
    data = table.columns
    across, up = _axes(data["z"], data["rho"], top, _OTHER)
    yield from _frame(across, up, f"{table.name}: density along the depth (1e-6/Å² over Å)")
    yield _path(across, up, data["z"], data["rho"])


def _convergence(table: Table, top: float) -> Iterator[str]:
    data = table.columns
    known = [each for each in data["chisq"] if math.isfinite(each)]
    across, up = _axes(data["step"], known, top, _OTHER, is_log_y=True)
    yield from _frame(across, up, "convergence: lowest chisq over steps")
    yield _path(across, up, data["step"], data["chisq"])


def _axes(
    x: Sequence[float],
    y: Sequence[float],
    top: float,
    height: float,
    *,
    is_log_x: bool = False,
    is_log_y: bool = False,
) -> tuple[Axis, Axis]:
    across = axis_of(x, start=_LEFT, end=_WIDTH - _RIGHT, may_be_log=is_log_x)
    return across, axis_of(y, start=top + height, end=top, may_be_log=is_log_y)


def _frame(across: Axis, up: Axis, title: str) -> Iterator[str]:
    width, height = across.end - across.start, up.start - up.end
    for value in across.ticks():
        at = across.place(value)
        yield _line(at, up.start, at, up.end, "grid")
        yield _text(at, up.start + 14, f"{value:.4g}", anchor="middle")
    for value in up.ticks():
        at = up.place(value)
        yield _line(across.start, at, across.end, at, "grid")
        yield _text(across.start - 6, at + 4, f"{value:.4g}", anchor="end")
    yield (
        f'<rect class="frame" x="{across.start}" y="{up.end:.1f}" '
        f'width="{width}" height="{height:.1f}"/>'
    )
    yield _text(across.start, up.end - 6, title)


def _path(across: Axis, up: Axis, x: Sequence[float], y: Sequence[float]) -> str:
    places = " ".join(
        f"{across.place(one):.1f},{up.place(other):.1f}"
        for one, other in zip(x, y, strict=True)
        if math.isfinite(one) and math.isfinite(other)
    )
    return f'<polyline class="fit" points="{places}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "") -> str:
    look = f' class="{kind}"' if kind else ""
    return f'<text{look} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
