"""The HTTP reference has every key of every record, and names no others."""

import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import park
from park import wire
from park_repo.checks.refusal import Rule
from park_server.http import job_routes

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "http.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """Return what the page says below ``heading``, to the next heading of its kind."""
    level = heading.partition(" ")[0]
    _, found, rest = PAGE.partition(f"\n{heading}\n")
    assert found, f"http.md has no {heading!r}"
    return re.split(rf"^#{{2,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def mentioned(text: str) -> set[str]:
    """Return the words of ``text`` that are set as code, those of JSON objects among them."""
    code = re.findall(r"`([^`]*)`", text)
    return {word for each in code for word in re.findall(r"[a-z_0-9]+", each)}


def keys_of_table(text: str) -> set[str]:
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}


def names(record: Any) -> set[str]:
    return {field.name for field in fields(record)}


@pytest.mark.parametrize(
    ("heading", "record"),
    [
        ("### POST /api/v1/installs", wire.InstallRequest),
        ("### GET /api/v1/installs/{install}", wire.InstallRecord),
        ("### POST /api/v1/jobs", wire.JobRequest),
    ],
)
def test_a_table_has_the_keys_of_its_record_and_no_others(heading: str, record: Any) -> None:
    assert keys_of_table(section(heading)) == names(record)


@pytest.mark.parametrize(
    ("heading", "record"),
    [
        ("### GET /api/v1", wire.ServiceRecord),
        ("### POST /api/v1/installs", wire.LocalWheel),
        ("### POST /api/v1/installs", wire.SourceArchive),
        ("### GET /api/v1/installs/{install}", wire.ProgressRecord),
        ("### GET /api/v1/versions", wire.EnvironmentRecord),
        ("### GET /api/v1/environments/{prefix}", wire.EnvironmentDetail),
        ("### POST /api/v1/environments/{prefix}/verify", wire.VerificationRecord),
        ("### GET /api/v1/storage", wire.StorageRecord),
        ("### POST /api/v1/jobs", wire.FetchRequest),
        ("### POST /api/v1/jobs", wire.HeldGrant),
        ("### GET /api/v1/jobs/{job}/why", wire.WhyRecord),
        ("### POST /api/v1/follow", wire.FollowedLeaf),
        ("### POST /api/v1/follow", wire.VerdictRecord),
        ("### GET /api/v1/graph", wire.GraphRecord),
        ("### GET /api/v1/graph", wire.GraphEdge),
        ("### GET /api/v1/pools", wire.PoolRecord),
        ("### GET /api/v1/areas", wire.AreaRecord),
        ("### GET /api/v1/areas/folders/{path}", wire.AreaEntry),
        ("## Grants", wire.GrantRecord),
        ("### POST /api/v1/grants", wire.GrantRequest),
        ("## What is kept ready", wire.OfferRecord),
        ("### POST /api/v1/offers", wire.OfferRequest),
        ("### GET /api/v1/usage", wire.UsageRecord),
        ("### GET /api/v1/usage", wire.UsagePart),
        ("### GET /api/v1/usage", wire.Share),
        ("### GET /api/v1/quota", wire.QuotaRecord),
        ("### GET /api/v1/quota", wire.LimitRecord),
        ("### POST /api/v1/clean", wire.CleanRequest),
        ("### POST /api/v1/clean", wire.CleanRecord),
        ("### GET /api/v1/fork-servers", wire.ForkServerRecord),
        ("## Looking after the index", wire.IndexProjectRecord),
        ("## Looking after the index", wire.IndexFileRecord),
    ],
)
def test_prose_names_every_key_of_its_record(heading: str, record: Any) -> None:
    assert names(record) - mentioned(section(heading)) == set()


def test_every_rule_of_uploads_is_in_its_table() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", section("### POST /legacy/"), re.MULTILINE)
    assert rows == [str(rule) for rule in Rule]


def test_the_options_of_a_submission_are_those_that_the_guide_keeps_for_itself() -> None:
    """An argument of a user's function that has one of these names goes elsewhere."""
    guide = (ROOT / "docs" / "how-to" / "data-and-files.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"has \[parameters of its own\](.*?)\. An argument", guide, re.DOTALL)
    parameters = inspect.signature(park.Service.submit).parameters.values()
    own = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
    assert set(re.findall(r"`(\w+)`", listed)) == own


def test_the_page_says_what_a_submission_that_waits_is_answered() -> None:
    said = section("### POST /api/v1/jobs")
    assert {"wait", "result"} <= mentioned(said)
    described = " ".join((job_routes.submit_jobs.__doc__ or "").split())
    assert "``wait`` seconds" in described
    assert "``result``" in described
