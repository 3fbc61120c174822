"""Signs and colours of states."""

from __future__ import annotations

import pytest

from park.cards.state_look import SIGNS, TINTS
from park.model.states import JobState

LEAST_CONTRAST = 4.0


@pytest.mark.parametrize("looks", [SIGNS, TINTS])
def test_states_differ(looks: dict[JobState | None, str]) -> None:
    assert len({looks[state] for state in JobState}) == len(JobState)


@pytest.mark.parametrize("tint", TINTS.values())
def test_a_colour_is_read_on_white_and_on_black(tint: str) -> None:
    light = luminance(tint)
    assert 1.05 / (light + 0.05) >= LEAST_CONTRAST
    assert (light + 0.05) / 0.05 >= LEAST_CONTRAST


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
