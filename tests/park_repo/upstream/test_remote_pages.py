"""`park_repo.upstream.remote_pages`: what other indexes say, read and led through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import NormalizedName

from park_repo.upstream.remote_pages import (
    UNVERIFIED,
    led_through_here,
    metadata_sha256_of,
    parse_html_page,
    parse_html_projects,
    parse_json_page,
    parse_json_projects,
    sha256_of,
)

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


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"files": [{}]}', b'{"files": 1}', b"\xff"])
def test_what_is_no_page_is_told_by_its_kind_of_error(body: bytes) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        parse_json_page(body, URL)


def test_lists_of_projects_are_normalised() -> None:
    links = '<a href="Demo_One/">x</a><a href="/simple/two%2Dx/#top">y</a><a href="/">z</a>'
    assert parse_html_projects(links) == ["demo-one", "two-x"]
    assert parse_json_projects(b'{"projects": [{"name": "Demo_One"}]}') == ["demo-one"]


@pytest.mark.parametrize(
    ("hashes", "digest"),
    [
        ({"sha256": DIGEST}, DIGEST),
        ({"sha256": DIGEST.upper()}, DIGEST),
        ({"sha256": DIGEST[1:]}, None),
        ({"sha256": "../" + DIGEST[3:]}, None),
        ({"sha256": None}, None),
        ({"md5": DIGEST}, None),
        (True, None),
        (None, None),
    ],
)
def test_a_digest_is_one_or_none(hashes: Any, digest: str | None) -> None:
    assert sha256_of({"hashes": hashes}) == digest
    for name in ("core-metadata", "dist-info-metadata"):
        assert metadata_sha256_of({name: hashes}) == digest


def test_every_url_leads_here_and_what_leads_elsewhere_goes() -> None:
    files = [
        {"filename": "demo 1.whl", "url": "https://x/1", "hashes": {"sha256": DIGEST}},
        {"filename": "b.whl", "url": "https://x/2", "hashes": {}, "provenance": "https://x/p"},
    ]
    page = led_through_here({"name": "demo", "files": files}, DEMO, files_url="../../up/")
    assert page == {
        "name": "demo",
        "files": [
            {
                "filename": "demo 1.whl",
                "url": f"../../up/demo/{DIGEST}/demo%201.whl",
                "hashes": {"sha256": DIGEST},
                "core-metadata": False,
            },
            {
                "filename": "b.whl",
                "url": f"../../up/demo/{UNVERIFIED}/b.whl",
                "hashes": {},
                "core-metadata": False,
            },
        ],
    }
