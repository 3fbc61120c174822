"""`park_repo.upstream.remote_pages`: what other indexes say, read and led through here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from packaging.utils import NormalizedName

from park_repo.negotiation import HTML
from park_repo.simple import NOT_LISTED, render
from park_repo.upstream.remote_pages import (
    led_through_here,
    metadata_sha256_of,
    metadata_url,
    of_versions,
    parse_json_page,
    parse_json_projects,
    provenance_url_of,
    sha256_of,
)

DEMO = NormalizedName("demo")
URL = "https://mirror.example/simple/demo/"
DIGEST = "ab" * 32


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"files": {}}', b'{"files": 1}', b"\xff"])
def test_what_is_no_page_is_told_by_its_kind_of_error(body: bytes) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        parse_json_page(body, URL)


@pytest.mark.parametrize(("meta", "kind"), [("null", "NoneType"), ("[]", "list")])
def test_a_page_whose_meta_is_no_object_says_what_it_is(meta: str, kind: str) -> None:
    page = f'{{"meta": {meta}, "name": "demo", "files": []}}'.encode()
    with pytest.raises(TypeError, match=f"meta is a JSON {kind}; expected an object"):
        parse_json_page(page, URL)


def test_lists_of_projects_are_normalised() -> None:
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
        {"filename": "c.whl", "url": "https://x/3", "hashes": {"sha1": "0", "md5": "0"}},
    ]
    document = {"name": "demo", "files": files}
    page = led_through_here(document, DEMO, files_url="../../up/")
    assert page == {
        "meta": {"api-version": "1.0"},
        "name": "demo",
        "files": [
            {
                "filename": "demo 1.whl",
                "url": f"../../up/demo/{DIGEST}/demo%201.whl",
                "hashes": {"sha256": DIGEST},
                "core-metadata": False,
            },
        ],
        "_not-listed": [
            {
                "filename": "b.whl",
                "reason": "the index behind this one gives no digest for it, and no sha256",
            },
            {
                "filename": "c.whl",
                "reason": "the index behind this one gives md5, sha1 for it, and no sha256",
            },
        ],
    }
    assert "<p>not listed: b.whl: the index behind" in render(page, HTML).body.decode()


def test_a_file_without_a_url_is_passed_over() -> None:
    files = [{"filename": "a.whl", "url": url} for url in ("http://[", "ftp://x/a", "../a.whl")]
    page = parse_json_page(json.dumps({"files": files}).encode(), URL)
    assert [file["url"] for file in page["files"]] == ["https://mirror.example/simple/a.whl"]


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "demo-0.9.tar.gz",
        {},
        {"filename": "demo-0.9.tar.gz"},
        {"url": "demo-0.9.tar.gz"},
        {"filename": "demo-0.9.tar.gz", "url": None},
        *(
            {"filename": name, "url": "https://x/1"}
            for name in (5, None, "", "..", "../x.whl", "x\0.whl", "\ud800.whl", "x" * 300)
        ),
    ],
)
def test_one_odd_entry_hides_no_other(odd: Any) -> None:
    sound = {"filename": "demo-1.0.tar.gz", "url": "demo-1.0.tar.gz"}
    page = parse_json_page(json.dumps({"files": [odd, sound]}).encode(), URL)
    assert [file["filename"] for file in page["files"]] == ["demo-1.0.tar.gz"]
    (told,) = led_through_here(page, DEMO, files_url="up/")["_not-listed"]
    assert told["reason"].endswith("gives no digest for it, and no sha256")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://x/p", "https://x/p"),
        ("/integrity/p", "https://mirror.example/integrity/p"),
        (None, None),
        ("", None),
        (5, None),
        (["https://x/p"], None),
        ("ftp://x/p", None),
        ("http://[", None),
        ("\ud800", None),
    ],
)
def test_where_a_file_is_attested_is_a_url_or_nothing(given: Any, expected: str | None) -> None:
    file = {"filename": "demo-1.0.tar.gz", "url": "demo-1.0.tar.gz", "provenance": given}
    (read,) = parse_json_page(json.dumps({"files": [file]}).encode(), URL)["files"]
    assert provenance_url_of(read) == expected


def test_what_is_not_of_its_type_or_not_known_is_not_passed_on() -> None:
    file = {
        "filename": "demo-1.0.tar.gz",
        "url": "demo-1.0.tar.gz",
        "hashes": {"sha256": DIGEST.upper(), "md5": float("nan")},
        "yanked": ["why"],
        "requires-python": 3,
        "size": float("nan"),
        "gpg-sig": True,
        "provenance": 5,
        "_own": [[[]]],
    }
    given = {
        "name": 5,
        "versions": [1],
        "meta": {"api-version": "1.4"},
        "project-status": {"status": 5},
        "tracks": [],
        "files": [file],
    }
    page = led_through_here(parse_json_page(json.dumps(given).encode(), URL), DEMO, files_url="up/")
    assert page == {
        "meta": {"api-version": "1.0"},
        "name": "demo",
        "files": [
            {
                "filename": "demo-1.0.tar.gz",
                "url": f"up/demo/{DIGEST}/demo-1.0.tar.gz",
                "hashes": {"sha256": DIGEST},
                "yanked": True,
                "core-metadata": False,
            }
        ],
    }
    assert "data-yanked" in render(page, HTML).body.decode()


@pytest.mark.parametrize("reason", ["half \ud800", "", True, False, None, 5, "broken"])
def test_whatever_a_yank_is_its_page_can_be_shown(reason: Any) -> None:
    file = {"filename": "a.whl", "url": "a.whl", "hashes": {"sha256": DIGEST}, "yanked": reason}
    page = parse_json_page(json.dumps({"files": [file]}).encode(), URL)
    shown = led_through_here(page, DEMO, files_url="up/")
    assert ("data-yanked" in render(shown, HTML).body.decode()) == bool(reason)


def test_metadata_are_beside_the_file_and_before_the_query() -> None:
    assert metadata_url("https://x/a.whl?token=1") == "https://x/a.whl.metadata?token=1"


@pytest.mark.parametrize("version", ["2.0", "0.9", "10.1", ""])
def test_another_major_version_of_the_api_is_refused(version: str) -> None:
    body = json.dumps({"meta": {"api-version": version}, "files": [], "projects": []}).encode()
    with pytest.raises(ValueError, match=r"expected 1\.x"):
        parse_json_page(body, URL)
    with pytest.raises(ValueError, match=r"expected 1\.x"):
        parse_json_projects(body)


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("2025-01-01T00:00:00.120000Z", "2025-01-01T00:00:00.120000Z"),
        ("2025-01-01T02:00:00+02:00", "2025-01-01T00:00:00Z"),
        *((odd, None) for odd in ("yesterday", "2025-01-01T00:00:00", "", 5, None)),
        ("2025-13-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_a_time_is_passed_on_in_utc_or_not_at_all(said: Any, given: str | None) -> None:
    file = {"filename": "a.whl", "url": "a.whl", "hashes": {}, "upload-time": said}
    (read,) = parse_json_page(json.dumps({"files": [file]}).encode(), URL)["files"]
    assert read.get("upload-time") == given


def test_what_the_specification_has_once_or_in_lower_case_is_so() -> None:
    file = {"filename": "a.whl", "url": "a.whl", "hashes": {"SHA256": DIGEST, "Md5": "0"}}
    page = parse_json_page(json.dumps({"versions": ["2", "1", "2"], "files": [file]}).encode(), URL)
    assert page["versions"] == ["2", "1"]
    assert page["files"][0]["hashes"] == {"sha256": DIGEST, "md5": "0"}


def test_of_one_name_the_first_file_is_offered_and_the_page_says_of_which_it_is_not() -> None:
    def file(digest: str | None) -> dict[str, Any]:
        hashes = {} if digest is None else {"sha256": digest}
        return {"filename": "a.whl", "url": f"https://x/{digest}", "hashes": hashes}

    given = {"files": [file(None), file(DIGEST), file(DIGEST), file("cd" * 32)]}
    page = led_through_here(given, DEMO, files_url="up/")
    assert [each["url"] for each in page["files"]] == [f"up/demo/{DIGEST}/a.whl"]
    (other,) = page[NOT_LISTED]
    assert other["filename"] == "a.whl"
    assert "has another file of this name before it" in other["reason"]


def test_a_page_of_some_versions_tells_of_no_other() -> None:
    names = ["demo-1.0.tar.gz", "demo-1.0.0-py3-none-any.whl", "demo-2.0.tar.gz", "demo.egg"]
    document = {
        "name": "demo",
        "versions": ["1.0", "2.0"],
        "files": [{"filename": name} for name in names],
    }
    shown = of_versions(document, {"1", "1.0.0", "1.0"})
    assert [file["filename"] for file in shown["files"]] == names[:2]
    assert shown["versions"] == ["1.0"]
    assert document["versions"] == ["1.0", "2.0"]
    assert "versions" not in of_versions({"name": "demo", "files": []}, set())
