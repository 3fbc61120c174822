"""Fetches: what is fetched, what opens it, and what cannot be fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.stand_ins.job_service import JobService

import park
from park.client import fetch
from park.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from park.client.jobs.submitted_job import Job


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobService:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    return JobService().bind()


@pytest.fixture
def job(one: JobService) -> Job:
    return one.service.submit("m:f")


def test_fetches_and_credentials() -> None:
    one, two = JobService("http://one.example/x").bind(), JobService("http://two.example").bind()
    with two.service:
        made = one.service.submit("m:f")
        made.confirm()  # else what does not need it goes before what does
        fetched = park.fetch_url(made.url, park.credentials(service=one.service), sha256="A" * 64)
        park.fetch_url("https://example.org/a", park.credentials(token="t0ken"), retries=2)
        park.fetch_url("http://e.org:81/a", auth=park.credentials(user="ada", password="p"))
        park.fetch_url(fetched.url, when=fetched.isfetched)
        area = f"{one.service.url}/api/v1/areas/files/~/run%201.zip"
        park.fetch_url(area, park.credentials(service=one.service))
    first, second, third = two.jobs[:3]
    fourth, fifth = sorted(two.jobs[3:], key=lambda job: isinstance(job["fetch"]["url"], str))
    assert first["entry_point"] == "park:fetch_url"
    assert first["fetch"]["url"]["service"] == one.service.url
    assert first["fetch"]["sha256"] == "a" * 64
    assert first["fetch"]["authorization"] == "DPoP park_grant_1"
    assert first["fetch"]["origin"] == "http://one.example:80"
    assert first["grants"] == [
        {"service": one.service.url, "token": "park_grant_1", "holder": "K" * 43}
    ]
    assert second["fetch"]["authorization"] == "Bearer t0ken"
    assert second["fetch"]["origin"] == "https://example.org:443"
    assert second["retries"] == 2
    assert third["fetch"]["authorization"] == "Basic YWRhOnA="
    assert third["fetch"]["origin"] == "http://e.org:81"
    assert "service" not in fourth["fetch"]["url"]
    assert fourth["fetch"]["authorization"].startswith("DPoP park_grant_")
    assert fifth["fetch"]["url"] == area
    assert [body for _, path, body in one.asked if path.endswith("grants")][1]["files"] == [
        "~/run 1.zip"
    ]
    assert "t0ken" not in repr(park.credentials(token="t0ken"))


def test_what_cannot_be_fetched_or_opened_is_told_at_once(one: JobService) -> None:
    with pytest.raises(UsageError, match="fetch on which service"):
        park.fetch_url("https://example.org/a")
    with pytest.raises(UsageError, match="are a service, a token, or a user"):
        park.credentials(token="a", user="b")
    with one.service:
        for url in ("file:///etc/passwd", "ftp://example.org/a", "example.org/a", "http://"):
            with pytest.raises(UsageError, match="not a URL that a service fetches") as told:
                park.fetch_url(url)
            assert "park.File" in str(told.value.hint)
        with pytest.raises(UsageError, match="not a SHA-256"):
            park.fetch_url("https://example.org/a", sha256="abc")
        with pytest.raises(UsageError, match="not a SHA-256"):
            park.fetch_url("https://example.org/a", sha256=5)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="is no file of"):
            park.fetch_url("https://example.org/a", park.credentials(service=one.service))


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure a service ``sns``, which has no token."""
    configuration = tmp_path / "config.toml"
    configuration.write_text('[services.sns]\nurl = "https://sns.example/park"\n')
    monkeypatch.setenv("PARK_CONFIG", str(configuration))
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("PARK_TOKEN", raising=False)


def target(url: Any, **more: Any) -> Any:
    return fetch._target(url, more.get("auth"))


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("url", "path", "files", "jobs"),
    [
        ("park://sns/~/a%20b.zip", "areas/files/~/a%20b.zip", ("~/a b.zip",), ()),
        ("park://sns/~ada/shared/x", "areas/files/~ada/shared/x", ("~ada/shared/x",), ()),
        ("park://sns/snsdata/run.zip", "areas/files/snsdata/run.zip", ("/snsdata/run.zip",), ()),
        ("park://sns/jobs/0199/files/a.txt", "jobs/0199/files/a.txt", (), ("0199",)),
    ],
)
def test_a_park_url_is_a_file_of_a_service_by_its_name_opened_for_that_alone(
    url: str, path: str, files: tuple[str, ...], jobs: tuple[str, ...]
) -> None:
    found = target(url)
    assert found.text == f"https://sns.example/park/api/v1/{path}"
    assert (found.opening.files, found.opening.jobs) == (files, jobs)
    assert found.opening.authorizes
    assert found.origin == "https://sns.example:443"


@pytest.mark.usefixtures("named")
def test_a_park_url_with_a_token_of_ones_own_needs_no_grant() -> None:
    assert target("park://sns/~/a", auth=park.credentials(token="t0ken")).opening is None


@pytest.mark.usefixtures("named")
def test_a_park_url_cannot_climb_out_of_an_area() -> None:
    with pytest.raises(UsageError, match=r"has no '\.\.'"):
        target("park://sns/~/../../secret")


def test_a_url_of_a_job_is_its_service_s_to_open(one: JobService, job: Job) -> None:
    two = JobService("http://two.example").bind()
    opening = target(job.url).opening
    assert (opening.outbox.url, opening.jobs) == (one.service.url, (job.id,))
    with pytest.raises(UsageError, match="these credentials are of http://two"):
        target(job.url, auth=park.credentials(service=two.service))
    assert target(job.url, auth=park.credentials(token="t0ken")).opening is None


def test_a_file_of_a_job_is_fetched_by_its_url(job: Job) -> None:
    by_name = target(job.files["a.txt"]).url_for("http://far.example")
    assert (by_name["what"], by_name["name"]) == ("url", "a.txt")


@pytest.mark.parametrize("url", [5, None, ["https://example.org"]], ids=str)
def test_what_is_no_url_at_all_is_told_with_what_is(url: Any) -> None:
    with pytest.raises(UsageError, match=r"a URL is a text or job\.url"):
        target(url)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    "url",
    [
        "park://sns",
        "park://sns/",
        "park://sns/~",
        "park://sns/~/data/",
        "park://sns/jobs/0199",
        "park://sns/jobs/0199/files/",
        "park://sns/jobs/0199/logs/stdout",
        "park:///~/a",
    ],
)
def test_a_park_url_of_no_file_is_told_what_one_is(url: str) -> None:
    with pytest.raises(UsageError, match="names no file of a service") as told:
        target(url)
    assert "park://SERVICE/~/PATH" in str(told.value.hint)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("name", ["run#1.zip", "run?.zip", "run.zip?"])
def test_a_park_url_is_not_cut_where_a_query_would_begin(name: str) -> None:
    with pytest.raises(UsageError, match="has a query or a fragment") as told:
        target(f"park://sns/~/{name}")
    assert "%23" in str(told.value.hint)
    assert target("park://sns/~/run%231.zip").opening.files == ("~/run#1.zip",)


@pytest.mark.usefixtures("named")
def test_a_fetch_is_called_what_was_asked_for(one: JobService) -> None:
    with one.service:
        url = "park://sns/~/run.zip"
        park.fetch_url(url, park.credentials(token="t0ken")).confirm()
        park.fetch_url("https://example.org/a").confirm()
    labels = [job.get("label") for job in one.jobs]
    assert labels == [url, None]  # the service calls the second by its URL
