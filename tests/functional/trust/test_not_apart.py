"""A machine that permits no namespaces: the service says so, and takes no second user."""

from __future__ import annotations

import json
import platform
import sys
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

from park.runtime.cage import system_calls

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or system_calls.program(system_calls.NAMESPACES) is None,
    reason=f"no filter of system calls for {platform.machine()}",
)

CONFINED = """
import os, sys
from park.runtime.cage import privileges, system_calls
privileges.gain_nothing()
system_calls.refuse(system_calls.program(system_calls.NAMESPACES))
os.execv(sys.argv[1], sys.argv[1:])
"""
"""As a container does that permits neither mounts nor user namespaces."""


class WithoutNamespaces(ParkService):
    """A service on a machine that has none to give."""

    def command(self, *options: str) -> list[str]:
        """Return the command line that serves this home, without namespaces."""
        return [sys.executable, "-c", CONFINED, *super().command(*options)]


def add(service: ParkService) -> httpx2.Response:
    return httpx2.post(
        f"{service.url}/api/v1/admin/users",
        headers={"Authorization": f"Bearer {service.token}"},
        json={"name": "ada", "password": "correct horse"},
        timeout=LIMIT_S,
    )


def test_what_cannot_be_kept_apart_is_said_and_no_second_user_taken(tmp_path: Path) -> None:
    with WithoutNamespaces(tmp_path, "--upstream", "none", "--job-accounts", "none") as service:
        assert "isolation: this machine cannot keep apart: " in service.log
        assert "jobs can read the service's token and database" in service.log
        assert "jobs can read and change the folders of other jobs" in service.log
        refused = add(service)
        assert refused.status_code == 403
        problem = json.loads(refused.text)
        assert "no second user here" in problem["detail"]
        assert "park serve --trust-all" in problem["hint"]


@pytest.mark.slow
def test_who_says_that_all_trust_one_another_has_them(tmp_path: Path) -> None:
    options = ("--upstream", "none", "--job-accounts", "none", "--trust-all")
    with WithoutNamespaces(tmp_path, *options) as service:
        assert add(service).status_code == 200
        assert "isolation: this machine cannot keep apart: " in service.log


def test_where_jobs_go_to_nodes_that_know_one_account_there_is_no_second_user(
    tmp_path: Path,
) -> None:
    pytest.importorskip("parsl", reason="Parsl is not installed here")
    options = ("--upstream", "none", "--job-accounts", "none", "--engine", "parsl")
    with ParkService(tmp_path, *options) as service:
        line = "on the nodes of parsl jobs can change the folders of other jobs"
        assert line in service.log
        refused = add(service)
        assert (refused.status_code, line in refused.json()["detail"]) == (403, True)
