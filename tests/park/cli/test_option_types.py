"""Values of options that are wrong are told before anything is done."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from park.cli.option_types import at_least_one, new_file, time_limit

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    assert at_least_one("3") == 3
    assert time_limit("1.5m") == 90.0
    assert new_file(str(tmp_path / "new.zip")) == tmp_path / "new.zip"
    (tmp_path / "old.zip").touch()
    assert new_file(str(tmp_path / "old.zip")) == tmp_path / "old.zip"


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", ""])
def test_what_counts_nothing_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        at_least_one(text)


@pytest.mark.parametrize("text", ["0", "0s", "-1", "nan"])
def test_a_limit_is_above_0(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="for example 90"):
        time_limit(text)


def test_what_cannot_be_made_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is a folder; name a file in it"):
        new_file(str(tmp_path))
    with pytest.raises(argparse.ArgumentTypeError, match="nowhere does not exist"):
        new_file(str(tmp_path / "nowhere" / "b.zip"))
    (tmp_path / "film.txt").touch()
    with pytest.raises(argparse.ArgumentTypeError, match=r"film\.txt is no folder"):
        new_file(str(tmp_path / "film.txt" / "b.zip"))
