import pytest

from park.errors import UsageError
from park_server.entrance.proxies import Asked, TrustedProxies

PROXIES = TrustedProxies.of(["127.0.0.1", "10.1.0.0/16", "::1"])
SAID = {"for": "192.0.2.9", "proto": "https", "host": "lab.example"}


def asked(client: str | None = "127.0.0.1", scheme: str = "http", host: str = "inner") -> Asked:
    return Asked(scheme=scheme, host=host, client=client)


def test_what_a_trusted_proxy_says_is_believed() -> None:
    found = PROXIES.asked(asked(), SAID)
    assert found == Asked(scheme="https", host="lab.example", client="192.0.2.9")


@pytest.mark.parametrize("client", ["192.0.2.1", "10.2.0.1", None, "", "nonsense"])
def test_what_anybody_else_says_is_not(client: str | None) -> None:
    assert PROXIES.asked(asked(client), SAID) == asked(client)
    assert TrustedProxies().asked(asked(), SAID) == asked()


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("1.1.1.1, 192.0.2.9", "192.0.2.9"),  # the client wrote the first itself
        ("192.0.2.9, 10.1.7.7", "192.0.2.9"),  # two proxies, both trusted
        ("10.1.0.1, 10.1.7.7", "10.1.0.1"),  # one of the house's own, behind both
        ("192.0.2.9:4711", "192.0.2.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("192.0.2.9, unknown", "127.0.0.1"),  # nobody knows what stands before it
        ("unknown", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_client_is_the_nearest_that_no_trusted_proxy_is(chain: str, client: str) -> None:
    assert PROXIES.asked(asked(), {"for": chain}).client == client


def test_what_is_no_scheme_or_no_host_leaves_them() -> None:
    for proto in ("", "gopher", "https, ftp"):
        assert PROXIES.asked(asked(), {"proto": proto}).scheme == "http"
    assert PROXIES.asked(asked(), {"proto": "http, HTTPS"}).scheme == "https"
    assert PROXIES.asked(asked(), {"host": ""}).host == "inner"
    assert PROXIES.asked(asked(), {"host": "evil.example, lab.example"}).host == "lab.example"


def test_a_mapped_address_is_the_one_that_it_carries() -> None:
    assert PROXIES.trusts("::ffff:10.1.2.3")
    assert not PROXIES.trusts("::ffff:10.2.2.3")


@pytest.mark.parametrize("entry", ["lab.example", "10.1.0.1/16", "", "*"])
def test_what_is_no_address_is_refused(entry: str) -> None:
    with pytest.raises(UsageError, match="is no address or network") as caught:
        TrustedProxies.of([entry])
    assert str(caught.value.hint).startswith("for example --trusted-proxy")
