"""URLs of other services: what is one, and which spellings are the same."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import UsageError
from park_server.peers.urls import file_path, file_url, job_path, normalised


@pytest.mark.parametrize(
    ("spellings", "url"),
    [
        (["HTTPS://SNS.example", "https://sns.example:443/"], "https://sns.example"),
        (["http://sns.example:80/park/"], "http://sns.example/park"),
        (["http://sns.example:8080//"], "http://sns.example:8080"),
        (["http://[::1]:7000/", "http://[::1]:7000"], "http://[::1]:7000"),
        (["https://sns.example:80"], "https://sns.example:80"),
    ],
)
def test_spellings_of_one_url_are_one_text(spellings: list[str], url: str) -> None:
    for spelling in spellings:
        assert normalised(spelling) == url
    assert normalised(url) == url


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://sns.example", "https://sns.example"),
        ("http://sns.example/a", "http://sns.example/A"),
        ("http://sns.example", "http://sns.example:81"),
        ("http://sns.example", "http://sns.example.org"),
    ],
)
def test_a_token_of_one_service_is_of_no_other(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sns",
        "ftp://sns.example",
        "file:///etc/passwd",
        "http://",
        "http://ada:pw@sns.example",
        "http://ada@sns.example",
        "http://sns.example?x=1",
        "http://sns.example#x",
        "http://sns.example:99999",
        "http://sns.example:port",
        "http://[::1",
    ],
)
def test_anything_else_is_no_service(url: str) -> None:
    with pytest.raises(UsageError, match="not the URL of a service"):
        normalised(url)


@pytest.mark.parametrize("name", ["..", ".", "", "../../../token", "a/../b", "/etc/passwd", "a//b"])
def test_a_name_that_leads_elsewhere_is_none_of_a_file(name: str) -> None:
    with pytest.raises(UsageError, match="no name of a file"):
        file_path("0199", name)


PARTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1)


@given(st.lists(PARTS.filter(lambda part: part not in {".", ".."}), min_size=1).map("/".join))
def test_a_name_stays_below_the_files_of_its_job(name: str) -> None:
    path = file_path("0199", name)
    assert path.startswith("/api/v1/jobs/0199/files/")
    assert unquote(path).removeprefix("/api/v1/jobs/0199/files/") == name
    assert not set(path) & set("?# ")


def test_an_id_is_one_part_of_a_path() -> None:
    assert job_path("../grants") == "/api/v1/jobs/..%2Fgrants"
    assert file_url("http://SNS.example/", "1", "a b/c") == (
        "http://sns.example/api/v1/jobs/1/files/a%20b/c"
    )
