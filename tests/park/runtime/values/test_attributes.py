"""What a job tells of an object whose class has no words for it."""

from __future__ import annotations

import random
from decimal import Decimal

from park.runtime.values.attributes import told_by_attributes


class Fit:
    """Has no repr of its own, as the results of lmfit."""

    def __init__(self, **attributes: object) -> None:
        self.__dict__ |= attributes


class Broken:
    """Has one that raises."""

    def __repr__(self) -> str:
        raise RuntimeError


def test_attributes_stand_one_a_line() -> None:
    told = told_by_attributes(Fit(chisq=1.5, message="a\nb", _private=1, report=print))
    name = f"{__name__}.Fit"
    assert told == f"<{name} object> with\n  chisq = 1.5\n  message = 'a\\nb'"


def test_only_where_the_class_says_nothing_itself() -> None:
    assert told_by_attributes(Decimal(1)) is None
    assert told_by_attributes(object()) is None
    assert told_by_attributes(Fit()) is None
    assert told_by_attributes(random.Random) is None


def test_a_long_one_is_told_in_part() -> None:
    told = told_by_attributes(Fit(**{f"a{n}": list(range(10**6)) for n in range(41)})) or ""
    lines = told.splitlines()
    assert lines[-1] == "  … and 1 more"
    assert max(map(len, lines)) < 250


def test_one_that_cannot_be_told_does_not_keep_the_others_from_it() -> None:
    told = told_by_attributes(Fit(a=Broken(), b=2)) or ""
    assert "a = <Broken instance" in told
    assert told.endswith("b = 2")
