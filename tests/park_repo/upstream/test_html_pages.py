"""`park_repo.upstream.html_pages`: HTML as indexes write it, and as others have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.utils import NormalizedName

from park_repo.upstream.html_pages import parse_html_page, parse_html_projects

if TYPE_CHECKING:
    from park_repo.simple import Document

DEMO = NormalizedName("demo")
URL = "https://mirror.example/simple/demo/"
DIGEST = "ab" * 32


def anchors(*attributes: str) -> list[Document]:
    text = "".join(f"<a {each}>link</a>" for each in attributes)
    files: list[Document] = parse_html_page(text, URL, DEMO)["files"]
    return files


def test_a_link_says_all_that_the_standards_put_into_it() -> None:
    (file,) = anchors(
        f'href="../../f/demo-1.0%2Bg1.whl#sha256={DIGEST}" data-requires-python="&gt;=3.11"'
        f' data-yanked="broken" data-core-metadata="sha256={DIGEST}"'
    )
    assert file == {
        "filename": "demo-1.0+g1.whl",
        "url": "https://mirror.example/f/demo-1.0%2Bg1.whl",
        "hashes": {"sha256": DIGEST},
        "yanked": "broken",
        "requires-python": ">=3.11",
        "core-metadata": {"sha256": DIGEST},
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://x/p", "https://x/p"),
        ("../../p", "https://mirror.example/p"),
        ("", None),
        ("ftp://x/p", None),
        ("http://[", None),
    ],
)
def test_a_link_says_where_its_file_is_attested(given: str, expected: str | None) -> None:
    (file,) = anchors(f'href="demo-1.0.tar.gz" data-provenance="{given}"')
    assert file.get("provenance") == expected


def test_a_link_need_not_say_anything() -> None:
    plain, yanked, flagged = anchors(
        'href="demo-1.0.whl"',
        'href="demo-1.1.whl" data-yanked',
        'href="demo-1.2.whl" data-dist-info-metadata="true"',
    )
    assert (plain["hashes"], plain["yanked"]) == ({}, False)
    assert "requires-python" not in plain
    assert yanked["yanked"] is True
    assert flagged["core-metadata"] is True
    assert anchors("name='top'", "href=''") == []


def urls(head: str, *links: str) -> list[str]:
    text = head + "".join(f'<a href="{link}">x</a>' for link in links)
    return [file["url"] for file in parse_html_page(text, URL, DEMO)["files"]]


def test_the_first_of_two_attributes_counts_and_names_have_no_case() -> None:
    (file,) = anchors(f'href="demo-1.0.whl#sha256={DIGEST}" href="evil-1.0.whl"')
    assert file["filename"] == "demo-1.0.whl"
    page = parse_html_page('<META NAME="PyPI:Project-Status" CONTENT="archived">', URL, DEMO)
    assert page["project-status"] == {"status": "archived"}


@pytest.mark.parametrize("base", ["http://[x", "ftp://x/", "data:,", ""])
def test_a_base_that_is_none_is_passed_over(base: str) -> None:
    assert urls(f'<base href="{base}">', "a.whl") == [f"{URL}a.whl"]


def test_what_names_a_path_is_no_file() -> None:
    assert anchors('href="a%2F..%2Fdemo-1.0.whl"', 'href="%00demo-1.0.whl"') == []


def test_links_are_seen_from_the_base_of_the_page() -> None:
    assert urls('<base href="/files/">', "a.whl") == ["https://mirror.example/files/a.whl"]
    far = urls('<base href="https://cdn.example/x/"><base href="/y/">', "a.whl", "/b.whl")
    assert far == ["https://cdn.example/x/a.whl", "https://cdn.example/b.whl"]


def test_a_query_is_no_part_of_the_name() -> None:
    (file,) = anchors(f'href="demo-1.0.tar.gz?project=y&amp;t=a/b#sha256={DIGEST}"')
    assert file["filename"] == "demo-1.0.tar.gz"
    assert file["url"] == f"{URL}demo-1.0.tar.gz?project=y&t=a/b"
    assert file["hashes"] == {"sha256": DIGEST}


@pytest.mark.parametrize("fragment", [f"sha256%3D{DIGEST}", f"egg=demo&amp;SHA256={DIGEST}"])
def test_digests_are_found_however_they_stand(fragment: str) -> None:
    (file,) = anchors(f'href="demo-1.0.whl#{fragment}"')
    assert file["hashes"] == {"sha256": DIGEST}


def test_what_is_no_distribution_file_is_passed_over() -> None:
    links = (
        "ftp://mirror.example/a.whl", "https://demo.example/", "README.html", "../", "#top",
        "mailto:a.whl", "javascript:a.whl", "file:///etc/a.whl", "data:,a.whl",
        "http://[bad/a.whl", "http://x:99999/a.whl", "http:///a.whl", " good.whl ",
    )  # fmt: skip
    assert urls("", *links) == [f"{URL}good.whl"]


def test_the_status_of_a_project_is_kept() -> None:
    head = (
        '<meta name="pypi:repository-version" content="1.4">'
        '<meta name="pypi:project-status" content="archived">'
        '<meta name="pypi:project-status-reason" content="moved &amp; gone">'
    )
    page = parse_html_page(head, URL, DEMO)
    assert page["project-status"] == {"status": "archived", "reason": "moved & gone"}
    assert page["meta"] == {"api-version": "1.4"}


def test_another_major_version_is_refused() -> None:
    text = '<meta name="pypi:repository-version" content="2.0">'
    with pytest.raises(ValueError, match=r"2\.0; expected 1\.x"):
        parse_html_page(text, URL, DEMO)
    with pytest.raises(ValueError, match=r"2\.0; expected 1\.x"):
        parse_html_projects(text)


def test_lists_of_projects_are_normalised() -> None:
    links = '<a href="Demo_One/">x</a><a href="/simple/two%2Dx/#top">y</a><a href="/">z</a>'
    assert parse_html_projects(links) == ["demo-one", "two-x"]
