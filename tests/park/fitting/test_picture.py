"""The picture of a fit: well-formed, with a panel for each thing, and never in the way."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

from park.fitting.curves import Table
from park.fitting.picture import picture

RESULT = {"chisq": 1.2, "points": 3, "method": "lm", "steps": 4, "converged": True, "why": "<ok>"}
CURVE = Table(
    "film & <D2O>",
    {
        "x": [0.01, 0.1, 1.0], "y": [1.0, 1e-3, 1e-6], "dy": [0.1, 1e-4, 2e-6],
        "fit": [1.1, 9e-4, 1e-6], "residual": [1.0, -1.0, math.nan],
    },
)  # fmt: skip
CONVERGENCE = Table("convergence", {"step": [1, 2], "seconds": [0, 1], "chisq": [math.inf, 1.2]})
PROFILE = Table("film", {"z": [0.0, 1.0], "rho": [2.0, 3.0], "irho": [0.0, 0.0]})
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 (drawn here)


def test_its_style_holds_in_no_other_picture_of_a_page() -> None:
    drawn = ET.fromstring(picture(RESULT, {"curve-1": CURVE}))  # noqa: S314 (drawn here)
    selectors = re.findall(r"([^{}]+)\{", drawn.findtext(f"{SVG}style") or "")
    assert len(selectors) > 5
    assert {each.split()[0] for each in selectors} == {f".{drawn.attrib['class']}"}


def test_each_thing_that_a_fit_leaves_has_its_panel() -> None:
    tables = {"curve-1": CURVE, "profile-1": PROFILE, "convergence": CONVERGENCE}
    said = texts(picture(RESULT, tables))
    assert said[0] == "chisq 1.2 of 3 points, lm, 4 steps: converged, <ok>"
    for title in (
        "film & <D2O>: data and fit",
        "residuals, in units of the error",
        "film: density along the depth (1e-6/Å² over Å)",
        "convergence: lowest chisq over steps",
    ):
        assert title in said


def test_points_are_where_there_are_numbers() -> None:
    found = ET.fromstring(picture(RESULT, {"curve-1": CURVE}))  # noqa: S314 (drawn here)
    assert len(list(found.iter(f"{SVG}circle"))) == 3 + 2
    (line,) = found.iter(f"{SVG}polyline")
    assert len(line.attrib["points"].split()) == 3


def test_a_model_of_which_no_more_is_known_has_its_residuals() -> None:
    said = texts(picture(RESULT, {"curve-1": Table("m", {"residual": [1.0, 2.0]})}))
    assert "residuals, in units of the error" in said
    assert not [text for text in said if "data and fit" in text]


def test_it_is_of_bounded_size_whatever_there_is() -> None:
    many = [float(number) for number in range(100_000)]
    names = ("x", "y", "dy", "fit", "residual")
    tables = {f"curve-{n}": Table("m", dict.fromkeys(names, many)) for n in range(20)}
    assert len(picture(RESULT, tables)) < 4_000_000


def test_a_fit_without_a_step_can_be_drawn() -> None:
    nothing = Table("convergence", {"step": [], "seconds": [], "chisq": []})
    assert texts(picture({}, {"convergence": nothing}))
