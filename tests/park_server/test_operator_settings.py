"""What a service does where its operator says nothing, and what it refuses to be told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from park.errors import UsageError
from park.model.urls import without_credentials
from park_server.retention.policy import RetentionPolicy
from park_server.retention.sizes_on_disk import usual_reserve
from park_server.settings import PYPI, Settings

VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")


@pytest.fixture(autouse=True)
def silent_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine have no index of its own."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def upstream(tmp_path: Path, **options: Any) -> str | None:
    return Settings.of(home=tmp_path, **options).upstream


def test_the_index_upstream_is_what_is_said_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upstream(tmp_path) == PYPI
    pip = tmp_path / "pip.conf"
    pip.write_text("[global]\nindex-url = https://pip.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(pip))
    assert upstream(tmp_path) == "https://pip.example/simple/"
    for variable in reversed(VARIABLES):
        monkeypatch.setenv(variable, f"https://{variable.lower()}.example/")
        assert upstream(tmp_path) == f"https://{variable.lower()}.example/"
    assert upstream(tmp_path, upstream="https://mirror.example") == "https://mirror.example/"
    assert upstream(tmp_path, upstream="none") is None


def test_a_url_is_shown_without_its_credentials() -> None:
    shown = without_credentials("https://ada:s3cr@t@mirror.example:8443/simple/")
    assert shown == "https://mirror.example:8443/simple/"


def test_what_nothing_is_said_of_is_as_the_reference_says(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path, upstream="none")
    assert settings.slots == len(os.sched_getaffinity(0))
    assert settings.fetch_limit_bytes == 20 << 30
    assert (settings.host, settings.url, settings.quota_bytes) == ("127.0.0.1", None, None)
    assert not settings.allow_builds
    assert (settings.roots, settings.pools) == ({}, {})
    assert settings.job_disk_bytes is None
    kept = settings.retention
    assert (kept.jobs_s, kept.logs_s, kept.events_s, kept.jobs_quota_bytes) == (None,) * 4
    assert (kept.trees_s, kept.quarantine_s) == (30 * 86_400, 30 * 86_400)
    assert kept.newest_trees == 10


def test_sizes_and_times_are_as_people_write_them(tmp_path: Path) -> None:
    said: dict[str, Any] = {"reserve": "2G", "job_disk": "500M", "keep_jobs": "90d"}
    ages: dict[str, Any] = {
        "keep_logs": "7d",
        "keep_events": "2w",
        "keep_trees": "12h",
        "keep_quarantine": "1d",
    }
    settings = Settings.of(home=tmp_path, upstream="none", jobs_quota="1T", **said, **ages)
    assert settings.reserve_bytes == 2 << 30
    assert settings.job_disk_bytes == 500 << 20
    assert settings.retention == RetentionPolicy(
        jobs_s=90 * 86_400,
        logs_s=7 * 86_400,
        events_s=14 * 86_400,
        trees_s=12 * 3_600,
        quarantine_s=86_400,
        jobs_quota_bytes=1 << 40,
    )
    kept = Settings.of(home=tmp_path, upstream="none", keep_trees="always").retention
    assert kept.trees_s is None


def test_a_hundredth_of_the_disk_is_kept_free_and_a_gib_at_most(tmp_path: Path) -> None:
    total = shutil.disk_usage(tmp_path).total
    assert usual_reserve(tmp_path) == min(total // 100, 1 << 30)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"slots": 0}, "--slots 0"),
        ({"port": 65_536}, "--port 65536"),
        ({"quota": "much"}, "--quota 'much'"),
        ({"reserve": "some"}, "--reserve 'some'"),
        ({"job_disk": "20Q"}, "--job-disk '20Q'"),
        ({"job_processes": 15}, "--job-processes 15"),
        ({"keep_jobs": "90"}, "--keep-jobs '90'"),
        ({"keep_logs": "always"}, "--keep-logs 'always'"),
        ({"keep_trees": "never"}, "--keep-trees 'never'"),
        ({"newest_trees": -1}, "--newest-trees -1"),
        ({"jobs_quota": "500Q"}, "--jobs-quota '500Q'"),
        ({"fetch_limit": "-1G"}, "--fetch-limit '-1G'"),
        ({"pools": ["license"]}, "--pool 'license' is not of the form NAME=COUNT"),
        ({"pools": ["license=0"]}, "--pool 'license=0'"),
        ({"roots": ["/SNS"]}, "--root '/SNS' is not of the form NAME=PATH"),
        ({"roots": ["sns=/no/such/folder"]}, "is no folder"),
        ({"allow_addresses": ["10.1.0.0/99"]}, "10.1.0.0/99"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_the_option(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.of(home=tmp_path, upstream="none", **options)
    assert said in str(caught.value)


def test_a_client_without_the_service_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; from importlib.machinery import PathFinder; find = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda n, *a: None if n == 'uvicorn' else find(n, *a)\n"
        "from park.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", code, "serve", "--home", str(home), "--upstream", "none"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert "hint: pip install 'park-dist[server]'" in done.stderr
    assert not home.exists()
