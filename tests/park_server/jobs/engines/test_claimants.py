"""`park_server.jobs.engines.claimants`: a claim counts where the kernel says the same."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import pytest

from park.runtime import processes
from park_server.jobs.engines import claimants
from park_server.jobs.engines.claimants import Claimants

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


def _parent() -> processes.Identity:
    """Return another process that runs as this user; a test's parent lives as long as it."""
    found = processes.identity(os.getppid())
    assert found is not None
    return found


def test_a_living_process_of_the_account_is_the_jobs_where_folders_are_not_told_apart() -> None:
    of_job = Claimants(uid=os.geteuid(), directory=None)
    assert of_job.are(_parent())
    assert not of_job.are(replace(_parent(), started=1))  # another one that had its number
    assert not Claimants(uid=os.geteuid() + 1, directory=None).are(_parent())
    assert of_job.found() == []


def test_the_service_is_nobodys_job() -> None:
    me = processes.identity(os.getpid())
    assert me is not None
    assert not Claimants(uid=os.geteuid(), directory=None).are(me)


def test_whoever_has_not_the_folder_of_the_job_among_its_mounts_is_another() -> None:
    assert not Claimants(uid=os.geteuid(), directory="/srv/park/jobs/0199").are(_parent())
    assert Claimants(uid=os.geteuid(), directory="/proc").are(_parent())
    found = Claimants(uid=os.geteuid(), directory="/proc").found()
    assert _parent() in found


def test_a_folder_is_known_whatever_is_in_its_name() -> None:
    assert claimants._unescaped(rb"/srv/my\040park\134\011x/jobs") == "/srv/my park\\\tx/jobs"
    assert claimants._unescaped("/srv/ä".encode()) == "/srv/ä"
