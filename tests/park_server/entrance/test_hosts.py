import pytest

from park.errors import UsageError
from park_server.entrance.hosts import AllowedHosts, name_of

LAB = AllowedHosts.of(["lab.example", "10.1.2.3", "2001:db8::7"])


@pytest.mark.parametrize(
    "host",
    [
        *("lab.example", "lab.example:8750", "LAB.example", "lab.example."),
        *("10.1.2.3", "10.1.2.3:80", "[2001:db8::7]", "[2001:DB8:0:0:0:0:0:7]:8750"),
        *("localhost", "localhost:8750", "127.0.0.1", "127.8.8.8:1", "[::1]:9"),
        "[::ffff:127.0.0.1]",
    ],
)  # fmt: skip
def test_the_names_of_the_service_and_of_this_machine_are_allowed(host: str) -> None:
    assert LAB.allows(host)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "lab.example.evil.example", "xlab.example", "localhost.evil.example"),
        *("10.1.2.4", "[2001:db8::8]", "0.0.0.7", "2130706433"),
        *("", " ", "lab.example@evil.example", "lab.example:x", "lab.example:123456", "[::1"),
        "::1",
        *("lab.example/", "lab.example#", "lab.example, evil.example", "läb.example", "a\nb"),
    ],
)  # fmt: skip
def test_any_other_name_is_not(host: str) -> None:
    assert not LAB.allows(host)


def test_the_address_that_was_connected_to_is_allowed() -> None:
    assert LAB.allows("192.0.2.7:8750", local="192.0.2.7")
    assert LAB.allows("[2001:db8::9]", local="2001:db8::9")
    assert not LAB.allows("192.0.2.7:8750", local="192.0.2.8")
    assert not LAB.allows("", local=None)


def test_a_name_has_no_port_and_one_spelling() -> None:
    assert name_of("Lab.Example.:80") == "lab.example"
    assert name_of("[2001:DB8::0]:80") == "2001:db8::"
    assert name_of("lab example") is None


@pytest.mark.parametrize("name", ["", "http://lab.example", "lab example", "*", "lab/"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no host name or address") as caught:
        AllowedHosts.of([name])
    assert str(caught.value.hint).startswith("for example --allow-host")
