"""Environments of jobs that are known again: with no look at what is installed here."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from support.material.projects import install_distribution
from support.stand_ins.job_service import JobService

from park.build.cache import user_cache
from park.build.gathered.together import gathered_set
from park.build.local_set import local_set
from park.client.installs.known_binding import KnownBindings
from park.client.report import Silence
from park.client.submission.binding import Binding
from park.model.entry_point import EntryPoint

LATER_NS = 60_000_000_000
FIT = EntryPoint(module="known_demo.fitting", qualname="fit")
GETPID = EntryPoint(module="os", qualname="getpid")
VERSIONS = "/api/v1/versions"


class Notes(Silence):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a release, as an installer would."""
    site = tmp_path / "site"
    files = {"known_demo/__init__.py": "", "known_demo/fitting.py": "VALUE = 1\n"}
    install_distribution(site, "known-demo", "1", files=files)
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    return site


def remembered(one: JobService) -> KnownBindings:
    known = KnownBindings(one)
    here = local_set(FIT.module, cache=user_cache())
    known.remember(FIT, here, ["edited here: x"], time.time_ns() + LATER_NS)
    return known


def test_a_job_is_bound_by_the_hash_of_a_set_that_is_as_it_was(site: Path) -> None:
    assert site.is_dir()
    one = JobService()
    known = remembered(one)
    found = known.recalled(FIT)
    assert found is not None
    set_hash = local_set(FIT.module, cache=user_cache()).requirements.hash
    one.answers[VERSIONS] = [{"lock_hash": "1" * 64}]
    report = Notes()
    assert known.binding(found, report) == Binding(lock_hash="1" * 64, set_hash=set_hash)
    assert report.said == ["edited here: x"]
    assert one.asked == [("GET", VERSIONS, {"project": "known-demo", "set_hash": set_hash})]


def test_a_service_that_has_it_no_more_is_looked_at_anew(site: Path) -> None:
    assert site.is_dir()
    one = JobService()
    known = remembered(one)
    found = known.recalled(FIT)
    one.answers[VERSIONS] = []
    assert found is not None
    assert known.binding(found, Silence()) is None


def test_another_module_or_what_has_come_is_not_known(site: Path) -> None:
    known = remembered(JobService())
    assert known.recalled(EntryPoint(module="known_demo", qualname="fit")) is None
    install_distribution(site, "known-plugin", "1")
    assert known.recalled(FIT) is None


def test_what_every_python_has_is_known_whatever_its_module(site: Path) -> None:
    assert site.is_dir()
    known = KnownBindings(JobService())
    here = gathered_set((), cache=user_cache())
    known.remember(GETPID, here, (), time.time_ns() + LATER_NS)
    found = known.recalled(EntryPoint(module="json.decoder", qualname="scanstring"))
    assert found is not None
    assert found.request["set_hash"] == here.requirements.hash
