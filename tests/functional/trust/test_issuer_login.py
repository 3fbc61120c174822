"""`park login` at an issuer of OpenID Connect that runs, to a service that runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.services.own_agent import agent_ends
from support.services.park_service import ParkService, own_environ
from support.session.limits import LIMIT_S
from support.stand_ins.oidc_issuer import OidcIssuer, oidc_issuer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARK = (sys.executable, "-m", "park")
POLICY = """
[login]
issuer = "{url}"
client = "park"
secret_file = "oidc-secret"
[login.users]
"s-1" = "ada"
"""


@pytest.fixture
def issuer() -> Iterator[OidcIssuer]:
    with oidc_issuer() as running:
        yield running


@pytest.fixture
def service(tmp_path: Path, issuer: OidcIssuer) -> Iterator[ParkService]:
    with ParkService(tmp_path / "service", "--upstream", "none") as service:
        (service.home / "oidc-secret").write_text("s3cret\n")
        (service.home / "policy.toml").write_text(POLICY.format(url=issuer.url))
        service.request("POST", "/api/v1/admin/users", json={"name": "ada"})
        service.request("POST", "/api/v1/admin/policy/reload")
        yield service


def test_who_says_yes_at_the_issuer_is_logged_in(
    service: ParkService, issuer: OidcIssuer, tmp_path: Path
) -> None:
    variables = own_environ(
        PARK_STATE_DIR=tmp_path / "state", PARK_CONFIG=tmp_path / "config.toml",
        PARK_CACHE_DIR=tmp_path / "cache",
    )  # fmt: skip
    with agent_ends(tmp_path / "state" / "agent"):
        status, told = _logged_in(service, issuer, variables, "s-9")
        assert status == 4, told
        assert "s-9 of" in told
        status, told = _logged_in(service, issuer, variables, "s-1")
        assert status == 0, told
        done = subprocess.run(
            [*PARK, "token", "who", "--service", service.url, "--json"],
            env=variables, capture_output=True, text=True, timeout=LIMIT_S, check=True,
        )  # fmt: skip
    assert json.loads(done.stdout)["user"] == "ada"
    assert any(login is not None for _, _, login in issuer.asked)  # the client has a secret


def _logged_in(
    service: ParkService, issuer: OidcIssuer, variables: dict[str, str], subject: str
) -> tuple[int, str]:
    """Run a login that ``subject`` finishes; return its exit status, and what it said."""
    with subprocess.Popen(
        [*PARK, "login", service.url], env=variables, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        end = threading.Timer(LIMIT_S, process.kill)
        end.start()
        told = ""
        assert process.stderr is not None
        try:
            for line in process.stderr:
                told += line
                if code := re.search("enter the code ([0-9A-F]+)", line):
                    issuer.approve(code[1], subject)
        finally:
            end.cancel()
            end.join()
        return process.wait(LIMIT_S), told
