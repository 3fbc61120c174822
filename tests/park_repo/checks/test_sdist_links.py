"""Links of an sdist stay in its folder, whatever disk it is unpacked on."""

from __future__ import annotations

import pytest

from park.errors import InvalidUpload
from park_repo.checks.members import Member
from park_repo.checks.sdist_links import Link, check_links


def member(name: str, *, is_directory: bool = False) -> Member:
    return Member(name=name, is_directory=is_directory, size=0)


MEMBERS = [member("m-1", is_directory=True), member("m-1/a"), member("m-1/docs/b")]


def check(name: str, target: str, *others: Link, is_symbolic: bool = True) -> None:
    links = [*others, Link(name=name, target=target, is_symbolic=is_symbolic)]
    check_links([*MEMBERS, *(member(link.name) for link in links)], links)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("m-1/link", "a"),
        ("m-1/docs/link", "../a"),
        ("m-1/docs/link", "./b"),
        ("m-1/link", "absent"),  # a symbolic link may dangle: nothing is read through it
        ("m-1/link", "docs"),
    ],
)
def test_a_link_inside_is_taken(name: str, target: str) -> None:
    check(name, target)


def test_a_hard_link_is_to_a_file_of_the_archive() -> None:
    check("m-1/link", "m-1/a", is_symbolic=False)
    for target in ("m-1/absent", "m-1", "a"):
        with pytest.raises(InvalidUpload):
            check("m-1/link", target, is_symbolic=False)


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/etc/passwd", "may not be absolute"),
        ("..\\..\\etc", "nor hold a backslash"),
        ("../../etc/passwd", "leads out of the folder of the sdist"),
        ("..", "leads out of the folder of the sdist"),
        ("../other/a", "leads out of the folder of the sdist"),
    ],
)
def test_a_link_out_of_the_folder_is_refused(target: str, why: str) -> None:
    with pytest.raises(InvalidUpload, match=why) as caught:
        check("m-1/link", target)
    assert "m-1/link" in caught.value.message
    assert repr(target) in caught.value.message


def test_a_link_through_another_is_refused() -> None:
    way = Link(name="m-1/way", target="docs", is_symbolic=True)
    with pytest.raises(InvalidUpload, match="leads through another link"):
        check("m-1/link", "way/b", way)
    with pytest.raises(InvalidUpload, match="leads through another link"):
        check("m-1/link", "way/../a", way)
    check("m-1/link", "way", way)  # to it, and not through it


def test_a_hard_link_to_a_link_is_none_to_a_file() -> None:
    way = Link(name="m-1/way", target="a", is_symbolic=True)
    with pytest.raises(InvalidUpload, match="must be to a file of the sdist"):
        check("m-1/link", "m-1/way", way, is_symbolic=False)
