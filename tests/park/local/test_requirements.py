"""Requirements compared by what they mean here."""

from __future__ import annotations

import pytest

from park.local.requirements import applicable, requirement_name


@pytest.mark.parametrize(
    "texts",
    [
        ["Numpy (>=2,<3)", "numpy<3,>=2", "numpy >=2, <3"],
        ["zope.interface[Test,b]", "Zope_Interface [b, test]"],
        ["film @ https://e.org/film.whl", "Film@https://e.org/film.whl"],
        ["six; python_version >= '3'", 'six ; python_version>="3"', "six"],
    ],
)
def test_spellings_of_one_requirement_are_one(texts: list[str]) -> None:
    assert len(applicable(texts)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("six>=1", "six>=2"), ("six", "six[a]"), ("six", "six @ https://e.org/six.whl")],
)
def test_what_differs_in_meaning_stays_apart(one: str, other: str) -> None:
    assert applicable([one]) != applicable([other])


def test_what_does_not_apply_here_or_needs_an_extra_is_left_out() -> None:
    requires = ["six", "winreg-only; sys_platform == 'nowhere'", "plots; extra == 'plot'"]
    assert applicable(requires) == {"six"}
    assert applicable([]) == frozenset()


def test_the_name_of_a_requirement_is_normalised_and_none_where_there_is_none() -> None:
    assert requirement_name("Zope.Interface[test]>=5; python_version > '3'") == "zope-interface"
    assert requirement_name("not a requirement") is None
