"""How a service may be asked: by TLS, under its own names, and by no page of a stranger."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.material.wheels import make_wheel
from support.services.bearer import Bearer
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.file_server import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def tls(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service that speaks TLS itself."""
    files = authority.files("localhost")
    options = ("--tls-certificate", str(files.certificate), "--tls-key", str(files.key))
    root = tmp_path_factory.mktemp("tls")
    with ParkService(root, "--host", "localhost", "--upstream", "none", *options) as service:
        yield service


def by_tls(service: ParkService, authority: Authority, path: str) -> httpx2.Response:
    trusting = ssl.create_default_context(cafile=authority.path)
    with httpx2.Client(verify=trusting, trust_env=False, timeout=LIMIT_S) as client:
        return client.get(f"{service.url}{path}", auth=Bearer(service.token))


def test_it_speaks_tls_and_asks_for_it_from_then_on(tls: ParkService, authority: Authority) -> None:
    assert tls.url.startswith("https://localhost:")
    answer = by_tls(tls, authority, "/api/v1")
    assert answer.json()["upload_url"] == f"{tls.url}/legacy/"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "unencrypted" not in tls.log


def test_who_does_not_trust_the_authority_sends_no_token(tls: ParkService) -> None:
    with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx2.get(f"{tls.url}/api/v1", auth=Bearer(tls.token), trust_env=False)


def test_its_own_resolver_needs_no_certificate(
    tls: ParkService, authority: Authority, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "overtls")
    trusting = ssl.create_default_context(cafile=authority.path)
    with httpx2.Client(
        verify=trusting, base_url=tls.url, auth=Bearer(tls.token), timeout=LIMIT_S, trust_env=False
    ) as client:
        form = {":action": "file_upload", "protocol_version": "1"}
        with wheel.open("rb") as content:
            sent = client.post("/legacy/", data=form, files={"content": (wheel.name, content)})
        assert sent.is_success, sent.text
        offer = client.post("/api/v1/offers", json={"project": "overtls", "version": "1.0"})
        record = client.get(f"/api/v1/installs/{offer.json()['install']}").json()
        while record["state"] not in {"ready", "failed"}:
            query = {"after": record["revision"], "wait": 30}
            record = client.get(f"/api/v1/installs/{record['id']}", params=query).json()
    assert record["state"] == "ready", record


def test_a_certificate_that_is_none_is_told_before_it_serves(
    tmp_path: Path, authority: Authority
) -> None:
    files = authority.files("a.example")
    service = ParkService(tmp_path, "--tls-certificate", str(files.key))
    with pytest.raises(AssertionError, match="park: error: no TLS with") as caught:
        service.start()
    assert "hint: both are PEM" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_plain_http_beyond_this_machine_is_told_at_the_start(tmp_path: Path) -> None:
    with ParkService(tmp_path, "--host", "0.0.0.0", "--upstream", "none") as service:  # noqa: S104
        assert "tokens and results cross the network unencrypted" in service.log
        assert "hint: --tls-certificate and --tls-key" in service.log


@pytest.mark.parametrize("path", ["/api/v1", "/simple/", "/nothing"])
def test_under_a_stranger_s_name_it_answers_nothing(service: ParkService, path: str) -> None:
    for auth in (None, Bearer(service.token)):
        answer = httpx2.get(f"{service.url}{path}", headers={"Host": "evil.example"}, auth=auth)
        assert answer.status_code == 421
        assert "evil.example" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_form_of_another_site_uploads_nothing(service: ParkService, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "park-forged-by-a-page")
    for header in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        with wheel.open("rb") as content:
            answer = httpx2.post(
                f"{service.url}/legacy/",
                data={":action": "file_upload", "protocol_version": "1"},
                files={"content": (wheel.name, content)},
                auth=("__token__", service.token),  # which a browser would remember
                headers=header,
            )
        assert answer.status_code == 403
    page = httpx2.get(
        f"{service.url}/simple/park-forged-by-a-page/", auth=("__token__", service.token)
    )
    assert page.status_code == 404


def test_no_page_elsewhere_may_read_an_answer(service: ParkService) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS"):
        answer = httpx2.request(
            method, f"{service.url}/api/v1", headers=asked, auth=Bearer(service.token)
        )
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_nobody_but_a_trusted_proxy_says_where_a_request_came_to(service: ParkService) -> None:
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    answer = httpx2.get(f"{service.url}/api/v1", headers=said, auth=Bearer(service.token))
    assert answer.json()["upload_url"] == f"{service.url}/legacy/"
    assert "strict-transport-security" not in answer.headers
