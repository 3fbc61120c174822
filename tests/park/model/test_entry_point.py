"""Entry points: what is one, what is none, and the text that says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import InvalidEntryPoint
from park.model.entry_point import EntryPoint

names = st.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True)
dotted = st.lists(names, min_size=1, max_size=3).map(".".join)


@given(st.builds(EntryPoint, module=dotted, qualname=dotted))
def test_what_it_says_is_parsed_to_the_same(entry_point: EntryPoint) -> None:
    assert EntryPoint.parse(str(entry_point)) == entry_point


def test_module_and_name_may_both_have_several_parts() -> None:
    found = EntryPoint.parse(" reflectometry.reduction:SnsReduce.run\n")
    assert found == EntryPoint(module="reflectometry.reduction", qualname="SnsReduce.run")


def test_names_are_those_of_python_in_any_alphabet() -> None:
    assert EntryPoint.parse("modèle:µ_fit").qualname == "µ_fit"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mymodel",
        "mymodel.fit",
        "mymodel:",
        ":fit",
        "mymodel:fit:again",
        "my-model:fit",
        "mymodel:2fit",
        "mymodel..deep:fit",
        "mymodel:fit()",
        "mymodel:<lambda>",
        "mymodel:fit [extra]",
        "../mymodel:fit",
    ],
)
def test_anything_else_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(InvalidEntryPoint, match=r"expected package\.module:function") as caught:
        EntryPoint.parse(text)
    assert repr(text) in str(caught.value)
    assert "mymodel:fit" in str(caught.value.hint)


@pytest.mark.parametrize("qualname", ["<lambda>", "make.<locals>.fit", "Model.fit"])
def test_what_travels_by_value_may_have_a_name_that_nobody_could_type(qualname: str) -> None:
    assert EntryPoint.parse(f"__main__:{qualname}", by_value=True).qualname == qualname
    with pytest.raises(InvalidEntryPoint):
        EntryPoint.parse(f"__main__:{qualname} <", by_value=True)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("film.layers.fit", "film.layers:fit"),
        ("film:fit(3)", "by name, and not with it: film:fit"),
        ("film:fit()", "by name, and not with it: film:fit"),
        ("film", "mymodel:fit"),
    ],
)
def test_what_was_meant_is_told_in_the_words_that_were_typed(text: str, hint: str) -> None:
    with pytest.raises(InvalidEntryPoint) as caught:
        EntryPoint.parse(text)
    assert str(caught.value.hint).endswith(hint)
