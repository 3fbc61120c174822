"""What the page says that a fit leaves is what it leaves."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import park
from park.fitting import early_end, what_is_left
from park.fitting.fitter import maps_populations

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "fit-results.md").read_text(encoding="utf-8")
LEAVES = inspect.getsource(what_is_left)


def test_the_fields_of_a_result_are_those_of_the_page() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    result = inspect.getsource(what_is_left._result)
    assert named == set(re.findall(r'^        "(\w+)": ', result, re.MULTILINE))


def test_the_files_and_reasons_of_the_page_are_those_of_the_program() -> None:
    for name in ("fit.npz", "draws.npz", "fit.svg", "convergence"):
        assert f"`{name}" in PAGE
        assert f'"{name}"' in LEAVES
    reasons = [early_end.GOOD_ENOUGH, early_end.TIMEOUT, early_end.ASKED, early_end.CANCELLED]
    assert all(f"`{reason}`" in PAGE for reason in [*reasons, "killed"])
    assert "after that is interrupted" in PAGE
    assert early_end._PATIENCE_S == 2.0


def test_the_methods_and_arguments_of_the_page_are_those_of_the_program() -> None:
    spread, one = PAGE.rpartition("as one process with ")[2].split(";")[:2]
    assert all(map(maps_populations, re.findall(r"`(\w+)`", spread)))
    assert not any(map(maps_populations, re.findall(r"`(\w+)`", one)))
    known = inspect.signature(park.Fit).parameters
    assert {"parallel", "good_enough", "stalled_after", "timeout"} <= known.keys()
    assert all(hasattr(park.FitJob, name) for name in ("plot", "summary", "left", "stop"))
