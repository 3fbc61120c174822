from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import NormalizedName

from park_repo.file_records import Layer, OwnedProject, ProjectStatus, PublishedFile
from park_repo.negotiation import HTML, JSON, LEGACY_HTML
from park_repo.simple import project_document, project_list_document, render
from park_repo.upstream.html_pages import parse_html_page
from park_repo.upstream.remote_pages import parse_json_page

DEMO = NormalizedName("demo")
FILE = PublishedFile(
    layer=Layer.PROJECTS,
    owner="",
    project=DEMO,
    version="1.0",
    filename="demo-1.0-py3-none-any.whl",
    key="demo-1--py3-none-any.whl",
    size=1234,
    sha256="ab" * 32,
    metadata_sha256="cd" * 32,
    requires_python=">=3.11",
    uploaded_at="2026-11-23T05:45:00.000001Z",
    uploaded_by="ada",
    yanked=None,
)


def test_the_project_page_has_every_key_of_its_version() -> None:
    assert project_document(DEMO, [FILE], files_url="../../files/") == {
        "meta": {"api-version": "1.4"},
        "name": "demo",
        "project-status": {"status": "active"},
        "versions": ["1.0"],
        "files": [
            {
                "filename": "demo-1.0-py3-none-any.whl",
                "url": f"../../files/{'ab' * 32}/demo-1.0-py3-none-any.whl",
                "hashes": {"sha256": "ab" * 32},
                "core-metadata": {"sha256": "cd" * 32},
                "size": 1234,
                "upload-time": "2026-11-23T05:45:00.000001Z",
                "yanked": False,
                "requires-python": ">=3.11",
            }
        ],
    }


def test_versions_are_sorted_as_versions() -> None:
    files = [replace(FILE, version=version) for version in ("1.10", "1.9", "1.10", "1.9rc1")]
    assert project_document(DEMO, files, files_url="/")["versions"] == ["1.9rc1", "1.9", "1.10"]


@pytest.mark.parametrize(("yanked", "shown"), [("broken", "broken"), ("", True), (None, False)])
def test_yanks_are_shown(yanked: str | None, shown: object) -> None:
    (file,) = project_document(DEMO, [replace(FILE, yanked=yanked)], files_url="/")["files"]
    assert file["yanked"] == shown


@pytest.mark.parametrize("status", ["archived", "deprecated", "quarantined"])
def test_the_status_is_shown_and_quarantine_withholds_the_files(status: str) -> None:
    project = OwnedProject(
        name=DEMO, status=ProjectStatus(status), reason="<old>", owned_since="", owned_by="ada"
    )
    document = project_document(project, [FILE], files_url="")
    assert document["project-status"] == {"status": status, "reason": "<old>"}
    assert len(document["files"]) == len(document["versions"]) == (status != "quarantined")
    page = render(document, HTML).body.decode()
    assert f'<meta name="pypi:project-status" content="{status}">' in page
    assert '<meta name="pypi:project-status-reason" content="&lt;old&gt;">' in page


def test_an_sdist_has_no_metadata_of_its_own() -> None:
    sdist = replace(FILE, filename="demo-1.0.tar.gz", metadata_sha256=None)
    document = project_document(DEMO, [sdist], files_url="")
    assert document["files"][0]["core-metadata"] is False
    assert b"data-core-metadata" not in render(document, HTML).body


def test_a_local_version_is_quoted_in_its_url() -> None:
    tree = replace(FILE, filename="demo-1.0+t0123456789abcdef-py3-none-any.whl")
    (file,) = project_document(DEMO, [tree], files_url="")["files"]
    assert file["url"].endswith("/demo-1.0%2Bt0123456789abcdef-py3-none-any.whl")


def test_the_project_list() -> None:
    document = project_list_document([DEMO])
    assert document == {"meta": {"api-version": "1.4"}, "projects": [{"name": "demo"}]}
    assert b'<a href="demo/">demo</a>' in render(document, LEGACY_HTML).body


def test_html_is_escaped() -> None:
    file = replace(FILE, requires_python=">=3.11,<4", yanked='a "<b>')
    page = render(project_document(DEMO, [file], files_url=""), HTML)
    assert page.media_type == HTML
    assert b'data-requires-python="&gt;=3.11,&lt;4"' in page.body
    assert b'data-yanked="a &quot;&lt;b&gt;"' in page.body


def test_each_representation_has_its_own_etag() -> None:
    document = project_document(DEMO, [FILE], files_url="")
    tags = {render(document, media_type).etag for media_type in (JSON, HTML)}
    assert len(tags) == 2
    assert render(document, JSON).etag in tags


reasons = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(yanked=reasons, requires_python=st.none() | st.sampled_from([">=3.11", "<4,!=3.12.*"]))
def test_both_representations_say_the_same(yanked: str | None, requires_python: str | None) -> None:
    """What our own readers of JSON and HTML make of a page is the same, file by file."""
    file = replace(FILE, yanked=yanked, requires_python=requires_python)
    document = project_document(DEMO, [file], files_url="../../files/")
    url = "https://index.example/simple/demo/"
    (from_json,) = parse_json_page(render(document, JSON).body, url)["files"]
    page = render(document, HTML).body.decode()
    (from_html,) = parse_html_page(page, url, DEMO)["files"]
    assert from_html == {key: from_json[key] for key in from_json if key not in JSON_ONLY}
    assert json.loads(render(document, JSON).body) == document


JSON_ONLY = {"size", "upload-time"}


def test_a_large_page_is_small_for_who_takes_gzip() -> None:
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(500)]
    files = [
        replace(
            FILE, version=f"1.0+t{each[:16]}", filename=f"demo-1.0+t{each[:16]}.whl", sha256=each
        )
        for each in digests
    ]
    for media_type in (JSON, HTML):
        page = render(project_document(DEMO, files, files_url="/"), media_type)
        packed = page.coded("gzip, deflate")
        assert gzip.decompress(packed.body) == page.body == page.coded(None).body
        assert 4 * len(packed.body) < len(page.body)
        assert packed.etag != page.etag  # RFC 9110, section 8.8.3: each form has its own
        assert page.size == len(page.body) + len(packed.body)


def test_a_small_page_is_sent_as_it_is() -> None:
    page = render(project_document(DEMO, [FILE], files_url="/"), JSON)
    assert page.coded("gzip") is page
