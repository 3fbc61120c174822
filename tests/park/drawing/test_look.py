"""How states look: colours that can be read, and what a terminal can show."""

from __future__ import annotations

import pytest

from park.drawing.look import look_of


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    "state", ["waiting", "queued", "running", "completed", "failed", "cancelled", "other"]
)
def test_every_state_can_be_read_in_light_and_dark(state: str) -> None:
    look = look_of(state)
    for strong, pale in ((look.strong, look.pale), look.dark):
        low, high = sorted((luminance(strong), luminance(pale)))
        assert (high + 0.05) / (low + 0.05) >= 4.5
