"""Signs and colours of states."""

from __future__ import annotations

import pytest

from park.cards.state_look import INK, SIGNS, TINTS, coloured
from park.model.states import JobState

Colour = tuple[float, float, float]

GROUNDS = {
    "JupyterLab, light": ("#ffffff", "#000000", 0.87),
    "JupyterLab, dark": ("#111111", "#ffffff", 1.0),
    "VS Code, light": ("#ffffff", "#3b3b3b", 1.0),
    "VS Code, dark": ("#1f1f1f", "#cccccc", 1.0),
    "VS Code, dark of before 2023": ("#252526", "#cccccc", 1.0),
}
"""The grounds of notebooks, their ink, and how much of it one sees, in their themes as shipped."""

LEAST_CONTRAST = 4.5
"""Of text (WCAG 2.2, 1.4.3)."""

LEAST_OF_LINES = 3.0
"""Of what is no text (WCAG 2.2, 1.4.11)."""


@pytest.mark.parametrize("looks", [SIGNS, TINTS])
def test_states_differ(looks: dict[JobState | None, str]) -> None:
    assert len({looks[state] for state in JobState}) == len(JobState)


@pytest.mark.parametrize("where", GROUNDS)
@pytest.mark.parametrize("tint", TINTS.values())
def test_it_is_read_in_each_theme_of_notebooks(tint: str, where: str) -> None:
    named, ink, seen = GROUNDS[where]
    ground = colour(named)
    assert contrast(colour(tint), ground) >= LEAST_OF_LINES
    assert contrast(in_words(colour(tint), colour(ink), seen, ground), ground) >= LEAST_CONTRAST


def test_words_are_coloured_with_the_ink_around_them() -> None:
    assert coloured("#d0342c", "✗ failed") == (
        '<span style="color:#d0342c;color:color-mix(in srgb, currentcolor 40%, #d0342c)">'
        "✗ failed</span>"
    )


def colour(text: str) -> Colour:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def in_words(tint: Colour, ink: Colour, seen: float, ground: Colour) -> Colour:
    """Return what `color-mix(in srgb, …)` gives (CSS Color 5), laid over ``ground``."""
    alpha = INK * seen + 1 - INK

    def part(at: int) -> float:
        return INK * seen * ink[at] + (1 - INK) * tint[at] + (1 - alpha) * ground[at]

    return part(0), part(1), part(2)


def contrast(one: Colour, other: Colour) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(of: Colour) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in of)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
