"""The versions of a service as a table."""

from __future__ import annotations

from support.material.environments import pinned_environment, requirements_here

from park.client.choosing.version_list import VersionList
from park.client.choosing.versions import compared


def test_each_version_is_a_row_that_says_how_it_differs() -> None:
    here = requirements_here(demo="1.0", six="1.16")
    html = VersionList(
        [
            compared(pinned_environment(demo="1.0", six="1.16"), here),
            compared(pinned_environment(demo="1.1", six="1.16"), here),
            compared(pinned_environment(demo="1.1"), None),
        ]
    )._repr_html_()
    assert html.count("<tr>") == 4
    assert "what is installed here" in html
    assert "demo: 1.0 here, 1.1 there" in html
    assert "not installed here" in html


def test_of_many_differences_the_first_are_told() -> None:
    here = requirements_here(**{f"p{n}": "1" for n in range(5)})
    html = VersionList([compared(pinned_environment(), here)])._repr_html_()
    assert "p2: 1 here" in html
    assert "p3: 1 here" not in html
    assert "and 2 more" in html


def test_it_is_a_list() -> None:
    assert VersionList([]) == []
