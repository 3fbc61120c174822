"""Which addresses and ports the service connects to: decided on values."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from park.errors import UsageError
from park_server.egress.addresses import AddressPolicy, is_of_this_machine

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",  # noqa: S104 (an address that is refused)
    "10.0.0.1",
    "172.16.5.4",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fec0::1",
    "::7f00:1",
    "::8.8.8.8",
    "64:ff9b:1::808:808",
    "3fff::1",
    "5f00::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    assert AddressPolicy().allows(ip_address(address), 443)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_all_others_are_not(address: str) -> None:
    assert not AddressPolicy().allows(ip_address(address), 443)


def test_the_operator_allows_addresses_networks_and_names() -> None:
    policy = AddressPolicy.of(["10.1.0.0/16", "::1", "[fd00::7]", "SNS.lab.example."])
    assert policy.allows(ip_address("10.1.2.3"), 443)
    assert policy.allows(ip_address("::ffff:10.1.2.3"), 443)
    assert policy.allows(ip_address("::1"), 443)
    assert policy.allows(ip_address("fd00::7"), 443)
    assert policy.allows(ip_address("192.168.1.1"), 443, "sns.lab.example")
    assert not policy.allows(ip_address("10.2.0.1"), 443)
    assert not policy.allows(ip_address("192.168.1.1"), 443, "other.lab.example")


@pytest.mark.parametrize(
    "entry", ["", "[10.0.0.1", "10.1.2.3/16", "10.0.0.0/40", "http://x", "1.2.3", "a b"]
)
def test_what_is_no_address_is_told_the_operator(entry: str) -> None:
    with pytest.raises(UsageError, match="--allow-address"):
        AddressPolicy.of([entry])


def test_an_entry_with_a_port_is_for_that_port_alone() -> None:
    policy = AddressPolicy.of(
        ["10.1.0.0/16:8443", "127.0.0.1:80", "[fd00::7]:8443", "[fd01::/16]:1", "sns.lab:443"]
    )
    assert policy.allows(ip_address("10.1.2.3"), 8443)
    assert not policy.allows(ip_address("10.1.2.3"), 22)
    assert policy.allows(ip_address("127.0.0.1"), 80)
    assert policy.allows(ip_address("::ffff:127.0.0.1"), 80)
    assert not policy.allows(ip_address("127.0.0.1"), 8080)
    assert policy.allows(ip_address("fd00::7"), 8443)
    assert not policy.allows(ip_address("fd00::7"), 8444)
    assert policy.allows(ip_address("fd01:2::3"), 1)
    assert policy.allows(ip_address("192.168.1.1"), 443, "SNS.lab.")
    assert not policy.allows(ip_address("192.168.1.1"), 80, "sns.lab")
    assert policy.allows(ip_address(PUBLIC[0]), 22)


@pytest.mark.parametrize("entry", ["10.0.0.1:0", "10.0.0.1:x", "[::1]:65536", "a.b:", "a:٣"])
def test_what_is_no_port_is_told_the_operator(entry: str) -> None:
    with pytest.raises(UsageError, match="no port; expected 1 to 65535"):
        AddressPolicy.of([entry])


def test_this_machine_is_not_public_at_a_public_address_either() -> None:
    here = ip_address(PUBLIC[0])
    assert not AddressPolicy().allows(here, 443, is_own=True)
    assert AddressPolicy.of([f"{here}:443"]).allows(here, 443, is_own=True)
    assert not AddressPolicy.of([f"{here}:443"]).allows(here, 80, is_own=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10"])
def test_an_address_of_this_machine_is_known_as_one(address: str) -> None:
    with socket.socket() as listening:
        listening.bind((address, 0))
        assert is_of_this_machine(ip_address(listening.getsockname()[0]))


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_an_address_of_another_machine_is_not(address: str) -> None:
    assert not is_of_this_machine(ip_address(address))
