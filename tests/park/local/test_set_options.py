"""What is said of a set besides its module."""

from __future__ import annotations

import pytest

from park.errors import UsageError
from park.local.set_options import PLAIN, exact_pin, parsed_requirement, set_options
from park.model.pins import parse_pin


def test_one_text_is_a_list_of_one_and_each_counts_once() -> None:
    found = set_options("numpy", ["six==1", "six==1", " "], as_installed=True)
    assert (found.taken, found.required, found.as_installed) == (("numpy",), ("six==1",), True)
    assert set_options() == set_options([], ()) == PLAIN


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        ("Refl1D == 1.0.1", "refl1d==1.0.1"),
        ("six===1.0", "six==1.0"),
        ("six==1.*", None),
        ("six>=1", None),
        ("six", None),
        ("six[x]==1", None),
        ("six==1,<2", None),
        ("six==1; python_version > '3'", None),
    ],
)
def test_an_exact_release_is_a_pin(text: str, pin: str | None) -> None:
    found = exact_pin(text)
    assert (None if found is None else str(found)) == pin


def test_what_is_no_requirement_or_names_a_place_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a requirement"):
        set_options(requires="six=1")
    with pytest.raises(UsageError, match="names a place"):
        parsed_requirement("six @ https://example.org/six.whl")


def test_names_are_normalised_and_copies_add_up() -> None:
    options = set_options(requires=["Sci_Kit>=1"]).copying([parse_pin("A", "1")])
    assert options.required_names == {"sci-kit"}
    assert options.copying([parse_pin("b", "2")]).copied == {
        parse_pin("a", "1"),
        parse_pin("b", "2"),
    }
