"""A service reads its policy, its certificate and the level of its log again, and cuts nobody."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import ssl
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.file_server import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READ_AGAIN = "read again: "


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def service(tmp_path: Path, authority: Authority) -> Iterator[ParkService]:
    files = authority.files("localhost")
    (tmp_path / "live").mkdir()
    for each, name in ((files.certificate, "lab.pem"), (files.key, "lab.key")):
        shutil.copy(each, tmp_path / "live" / name)
    options = [f"--tls-certificate={tmp_path}/live/lab.pem", f"--tls-key={tmp_path}/live/lab.key"]
    with ParkService(tmp_path / "s", "--host", "localhost", "--upstream", "none", *options) as made:
        yield made


def connected(service: ParkService, authority: Authority) -> http.client.HTTPSConnection:
    """Return an open connection to the service."""
    port = int(service.url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=str(authority.path))
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=LIMIT_S)
    connection.connect()
    return connection


def serial(connection: http.client.HTTPSConnection) -> object:
    """Return which certificate the service showed on ``connection``."""
    assert isinstance(connection.sock, ssl.SSLSocket)
    shown = connection.sock.getpeercert()
    assert shown is not None
    return shown["serialNumber"]


def status(connection: http.client.HTTPSConnection, service: ParkService, path: str) -> int:
    connection.request("GET", path, headers={"Authorization": f"Bearer {service.token}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def reload(service: ParkService, times: int) -> None:
    """Have the service read again what it can, and wait until it has, for the ``times``-th time."""
    os.kill(int(service.ready["pid"]), signal.SIGHUP)
    with service._changed:
        service._changed.wait_for(lambda: service.log.count(READ_AGAIN) >= times, LIMIT_S)
    assert service.log.count(READ_AGAIN) == times


def test_new_connections_get_the_new_certificate_and_the_old_ones_go_on(
    service: ParkService, authority: Authority, tmp_path: Path
) -> None:
    policy = service.home / "policy.toml"
    with closing(connected(service, authority)) as before:
        first = serial(before)
        renewed = authority.files("localhost")
        shutil.copy(renewed.certificate, tmp_path / "live" / "lab.pem")
        shutil.copy(renewed.key, tmp_path / "live" / "lab.key")
        policy.write_text('[log]\nlevel = "info"\n[everybody.limits]\nwaiting = 7\n')
        reload(service, 1)
        assert "the policy with its limits, the level of the log, the certificate" in service.log
        assert status(before, service, "/api/v1") == 200
        service.until_said("GET /api/v1: 200")  # the level of the log
        with closing(connected(service, authority)) as after:
            assert serial(after) != first
        policy.write_text("[everybody]\nroles = [query]\n")
        (tmp_path / "live" / "lab.pem").write_text("nothing")
        reload(service, 2)
        assert "the policy with its limits is kept as it was: " in service.log
        assert "the certificate is kept as it was: no TLS with " in service.log
        assert status(before, service, "/api/v1") == 200
        with closing(connected(service, authority)) as again:
            assert serial(again) != first
