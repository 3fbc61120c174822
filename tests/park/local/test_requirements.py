"""Requirements compared by what they mean here."""

from __future__ import annotations

import pytest

from park.local.requirements import differences, requirement_name


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
    assert [differences(texts[:1], [text]) for text in texts] == [frozenset()] * len(texts)


@pytest.mark.parametrize(
    ("one", "other"),
    [("six>=1", "six>=2"), ("six", "six[a]"), ("six[b]", "six @ https://e.org/six.whl")],
)
def test_what_differs_in_meaning_is_named(one: str, other: str) -> None:
    assert differences([one, "numpy"], [other, "numpy"]) == {one, other}


@pytest.mark.parametrize(
    ("installed", "built"),
    [
        ("six @ file:///home/ada/six", "six @ file:///cache/exports/six"),
        ("six @ file:///home/ada/six", "six"),
        ("Six[b,a] @ git+https://e.org/six@v1", "six[a,b]>=1"),
        ("six @ https://e.org/six.whl ; python_version > '3'", "six"),
    ],
)
def test_a_direct_reference_is_any_requirement_of_its_project(installed: str, built: str) -> None:
    assert differences([installed], [built]) == frozenset()
    assert differences([built], [installed]) == frozenset()
    assert differences([installed], [])
    assert differences([], [installed])


def test_what_does_not_apply_here_or_needs_an_extra_is_left_out() -> None:
    requires = ["six", "winreg-only; sys_platform == 'nowhere'", "plots; extra == 'plot'"]
    assert differences(requires, []) == {"six"}
    assert differences([], []) == frozenset()


def test_the_name_of_a_requirement_is_normalised_and_none_where_there_is_none() -> None:
    assert requirement_name("Zope.Interface[test]>=5; python_version > '3'") == "zope-interface"
    assert requirement_name("not a requirement") is None
