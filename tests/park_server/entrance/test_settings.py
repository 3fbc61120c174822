from __future__ import annotations

from pathlib import Path

import pytest

from park.errors import UsageError
from park_server.entrance.settings import EntranceSettings

PEM = Path("lab.pem")


def test_it_is_known_by_what_its_operator_named_and_by_what_the_machine_is_called() -> None:
    found = EntranceSettings.of(
        host="192.0.2.7", url="https://lab.example/park", allowed_hosts=["two.example"],
        machine_names=["lab7"],
    )  # fmt: skip
    for name in ("192.0.2.7", "lab.example", "two.example:8750", "lab7"):
        assert found.hosts.allows(name), name
    assert not found.hosts.allows("three.example")


def test_nobody_else_calls_it_by_the_name_of_a_machine_that_it_alone_reaches() -> None:
    found = EntranceSettings.of(host="127.0.0.1", machine_names=["lab7"])
    assert not found.hosts.allows("lab7")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "lab.example"])  # noqa: S104
def test_plain_http_beyond_this_machine_is_told(host: str) -> None:
    plain = EntranceSettings.of(host=host)
    assert "unencrypted" in str(plain.warning(host))
    assert "--tls-certificate" in str(plain.warning(host))
    assert EntranceSettings.of(host=host, certificate=PEM).warning(host) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_this_machine_nothing_is(host: str) -> None:
    assert EntranceSettings.of(host=host).warning(host) is None


def test_it_speaks_tls_with_a_certificate() -> None:
    assert EntranceSettings.of(host="h").scheme == "http"
    assert EntranceSettings.of(host="h", certificate=PEM).scheme == "https"


def test_a_key_without_a_certificate_is_refused() -> None:
    with pytest.raises(UsageError, match="of no certificate") as caught:
        EntranceSettings.of(host="127.0.0.1", key=PEM)
    assert "--tls-certificate" in str(caught.value.hint)
