"""A workflow as a picture: SVG of our own, which needs no program, no script and no network.

State is told by word and sign as well as by colour; the colours follow the reader's choice
of light or dark. A condition is a dashed line, what travels a solid one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from park.client.workflows.layers import Workflow
from park.drawing.layout import Layout, Route, laid_out
from park.drawing.look import look_of
from park.drawing.tree import (
    UNICODE,
    elapsed,
    extent,
    goes_on,
    label_of,
    one_line,
    short_label,
    shortened,
)
from park.model.conditions import Phase, brief
from park.model.states import standing
from park.model.urls import host_of
from park.wire import GraphNode

__all__ = ["svg"]

_WIDTH, _HEIGHT = 252, 58
_ACROSS = 78
"""From one piece to the next of its layer."""
_ALONG = 344
"""From one layer to the next."""
_MARGIN = 24
_HEAD = 34
"""Above the drawing: what the signs and lines mean."""
_WIDEST_LABEL, _WIDEST_LINE = 24, 31
"""Characters that fit in a wide font; a reader's own may be narrower."""

_SCOPE = "park-workflow"
_SELECTORS = re.compile(r"(?<=[{}])([^{}@]+)(?=\{)")
"""Those of each rule of a style sheet, be it in ``@media``."""

_STATES = ("waiting", "queued", "running", "completed", "failed", "cancelled")


def svg(workflow: Workflow, now: datetime) -> str:
    """Return the workflow as it is ``now`` as an SVG document (an XML one)."""
    layout = laid_out(workflow.layers, ((edge.needed, edge.job) for edge in workflow.edges))
    width = 2 * _MARGIN + max(layout.layers - 1, 0) * _ALONG + _WIDTH
    width = max(width, _legend_width())
    height = 2 * _MARGIN + _HEAD + layout.extent * _ACROSS + _HEIGHT
    size = (
        f'class="{_SCOPE}" width="{width}" height="{height:.0f}" viewBox="0 0 {width} {height:.0f}"'
    )
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="workflow">',
        f"<style>{_scoped(_style())}</style>",
        '<rect class="ground" width="100%" height="100%"/>',
        *_legend(),
        *_edges(workflow, layout),
        *(_piece(node, layout.places[name], now) for name, node in workflow.nodes.items()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _scoped(style: str) -> str:
    """Return a style sheet that holds in this picture alone, whatever page it stands in.

    >>> _scoped("text{fill:red}@media print{.a,.b{fill:none}}")
    '.park-workflow text{fill:red}@media print{.park-workflow .a,.park-workflow .b{fill:none}}'
    """
    return _SELECTORS.sub(_in_scope, f"}}{style}")[1:]


def _in_scope(selectors: re.Match[str]) -> str:
    return ",".join(f".{_SCOPE} {each}" for each in selectors[1].split(","))


def _style() -> str:
    """Return the style sheet: every state in light, then every one in dark."""
    light = "".join(
        f".{state} .box{{fill:{look_of(state).pale};stroke:{look_of(state).strong}}}"
        f".{state} .ink{{fill:{look_of(state).strong}}}"
        for state in (*_STATES, "other")
    )
    dark = "".join(
        f".{state} .box{{fill:{look_of(state).dark[1]};stroke:{look_of(state).dark[0]}}}"
        f".{state} .ink{{fill:{look_of(state).dark[0]}}}"
        for state in (*_STATES, "other")
    )
    return (
        "text{font-family:system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif}"
        ".ground{fill:#ffffff}.name{font-size:13px;font-weight:600;fill:#1c2430}"
        ".line{font-size:11px;fill:#4b5563}.box{stroke-width:1.2}.far .box{stroke-dasharray:5 3}"
        ".edge{fill:none;stroke:#7b8594;stroke-width:1.4}.tip{fill:#7b8594}"
        ".edge.asks{stroke-dasharray:5 4}.how{font-size:10px;fill:#4b5563}"
        ".halo{paint-order:stroke;stroke:#ffffff;stroke-width:4px}"
        f"{light}"
        "@media (prefers-color-scheme:dark){.ground{fill:#14171c}.name{fill:#eef1f5}"
        ".line,.how{fill:#b3bcc9}.edge{stroke:#828c9b}.tip{fill:#828c9b}.halo{stroke:#14171c}"
        f"{dark}}}"
    )


_LEGEND_STEP = 98
_LINES = (("data", "edge"), ("condition", "edge asks"))


def _legend_width() -> int:
    return 2 * _MARGIN + (len(_STATES) + len(_LINES)) * _LEGEND_STEP


def _legend() -> Iterator[str]:
    for place, state in enumerate(_STATES):
        left = _MARGIN + place * _LEGEND_STEP
        yield (
            f'<g class="{state}"><text class="line" x="{left}" y="{_MARGIN + 4}">'
            f'<tspan class="ink">{UNICODE.of(state)}</tspan> {state}</text></g>'
        )
    for place, (text, kind) in enumerate(_LINES, len(_STATES)):
        left = _MARGIN + place * _LEGEND_STEP
        yield f'<path class="{kind}" d="M{left} {_MARGIN} h26"/>'
        yield f'<text class="line" x="{left + 32}" y="{_MARGIN + 4}">{text}</text>'


def _edges(workflow: Workflow, layout: Layout) -> Iterator[str]:
    hows: dict[tuple[str, str], list[str]] = {}
    for edge in workflow.edges:
        hows.setdefault((edge.needed, edge.job), []).append(edge.how)
    for route in layout.routes:
        yield from _edge(route, hows[route.needed, route.job])


def _edge(route: Route, hows: Sequence[str]) -> Iterator[str]:
    """Draw a line that is level at each of its points, and ends in a tip."""
    points = [(_left(layer), _top(place) + _HEIGHT / 2) for layer, place in route.points]
    last = len(points) - 1
    (x, y), tip = (points[0][0] + _WIDTH, points[0][1]), points[last]
    path = f"M{x:.0f} {y:.1f}"
    for index, (left, middle) in enumerate(points[1:], 1):
        end = left - 7 if index == last else left
        bend = (end - x) / 2
        path += f" C{x + bend:.0f} {y:.1f} {end - bend:.0f} {middle:.1f} {end:.0f} {middle:.1f}"
        if index < last:
            path += f" h{_WIDTH}"
        x, y = left + _WIDTH, middle
    asks = " asks" if all(how in set(Phase) for how in hows) else ""
    said = ", ".join(hows)
    yield f'<path class="edge{asks}" d="{path}"><title>{_text(said)}</title></path>'
    yield f'<path class="tip" d="M{tip[0]:.0f} {tip[1]:.1f} l-8 -4 v8 z"/>'
    telling = [how for how in dict.fromkeys(hows) if how != Phase.COMPLETED]
    if telling:
        yield (
            f'<text class="how halo" text-anchor="end" x="{tip[0] - 12:.0f}" '
            f'y="{tip[1] - 5:.1f}">{_text(", ".join(telling))}</text>'
        )


def _left(layer: int) -> int:
    return _MARGIN + layer * _ALONG


def _top(place: float) -> float:
    return _MARGIN + _HEAD + place * _ACROSS


def _piece(node: GraphNode, place: tuple[int, float], now: datetime) -> str:
    state = standing(node.status) or "other"
    far = " far" if node.service is not None else ""
    title = "\n".join(filter(None, [label_of(node), node.id, node.status, node.why]))
    name = short_label(node, _WIDEST_LABEL)
    left, top = _left(place[0]), _top(place[1])
    parts = [
        f'<g class="{state}{far}" transform="translate({left} {top:.1f})">',
        f"<title>{_text(title)}</title>",
        f'<rect class="box" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>',
        f'<text class="ink" x="12" y="24" font-size="14">{UNICODE.of(node.status)}</text>',
        f'<text class="name" x="31" y="24">{_text(name)}</text>',
        f'<text class="line" x="31" y="42">{_text(_second_line(node, now))}</text>',
        *_progress(node),
        "</g>",
    ]
    return "\n".join(parts)


def _second_line(node: GraphNode, now: datetime) -> str:
    if node.service is not None:
        return shortened(f"{node.status} on {host_of(node.service)}", _WIDEST_LINE)
    told = [node.status, elapsed(node, now), brief(node.id)]
    return shortened(" · ".join(filter(None, told)), _WIDEST_LINE)


def _progress(node: GraphNode) -> Iterator[str]:
    part = extent(node)
    if part is None or not goes_on(node):
        return
    length = _WIDTH - 31 - 14
    yield f'<rect class="ink" opacity=".22" x="31" y="49" width="{length}" height="3" rx="1.5"/>'
    yield f'<rect class="ink" x="31" y="49" width="{length * part:.0f}" height="3" rx="1.5"/>'


def _text(text: str) -> str:
    """Return ``text`` for XML 1.0, which has no control characters, escaped or not."""
    return escape("\n".join(one_line(line) for line in text.split("\n")))
