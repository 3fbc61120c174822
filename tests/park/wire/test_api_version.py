"""Releases that are near understand each other; which are not are told so, whichever is older."""

from __future__ import annotations

import pytest

from park import __version__
from park.wire.api_version import HERE, Spoken, said, strangers


def spoken(newest: int, oldest: int, release: str = "0.9") -> Spoken:
    return Spoken(newest=newest, oldest=oldest, release=release)


def test_what_a_side_says_is_read_again() -> None:
    assert said(str(HERE)) == HERE
    assert HERE.release == __version__
    assert said("2; oldest=1; release=1.0rc1; more=of-a-later-release") == spoken(2, 1, "1.0rc1")


@pytest.mark.parametrize("text", [None, "", "1", "x; oldest=1; release=1", "1; oldest=1; release="])
def test_what_says_nothing_that_is_known_is_no_park(text: str | None) -> None:
    assert said(text) is None


@pytest.mark.parametrize(
    ("client", "service"),
    [((1, 1), (1, 1)), ((1, 1), (2, 1)), ((2, 1), (1, 1)), ((2, 2), (3, 2)), ((3, 2), (2, 1))],
)
def test_one_release_older_or_newer_is_understood(
    client: tuple[int, int], service: tuple[int, int]
) -> None:
    assert strangers(spoken(*client), spoken(*service)) is None


def test_an_old_client_is_told_to_upgrade_itself() -> None:
    found = strangers(spoken(1, 1, "0.1.0"), spoken(3, 2, "0.3.0"))
    assert found is not None
    message, hint = found
    assert "park 0.1.0, speaks version 1" in message
    assert "park 0.3.0, none before 2" in message
    assert hint.endswith("pip install --upgrade 'park-dist>=0.3.0'")


def test_a_new_client_is_told_of_the_release_of_the_service() -> None:
    found = strangers(spoken(3, 2, "0.3.0"), spoken(1, 1, "0.1.0"))
    assert found is not None
    message, hint = found
    assert "the service, park 0.1.0, speaks version 1" in message
    assert "operator" in hint
    assert hint.endswith("pip install 'park-dist==0.1.0'")
