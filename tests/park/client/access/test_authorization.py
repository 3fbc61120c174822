"""What requests to a service say of who asks."""

from __future__ import annotations

import pytest

from park.client.access.address import Address
from park.client.access.authorization import authorization
from park.errors import InsecureTransport


def test_a_token_is_said_where_nobody_on_the_way_reads_it() -> None:
    for url in ("https://lab.example/park", "http://127.0.0.1:8750"):
        said = authorization(Address(url=url, token="secret"))
        assert said == {"Authorization": "Bearer secret"}


def test_by_plain_http_it_crosses_a_network_only_where_that_is_said() -> None:
    url = "http://lab.example"
    with pytest.raises(InsecureTransport):
        authorization(Address(url=url, token="secret"))
    said = authorization(Address(url=url, token="secret", insecure=True))
    assert said == {"Authorization": "Bearer secret"}


def test_without_a_token_there_is_nothing_to_say() -> None:
    assert authorization(Address(url="http://lab.example", token=None)) == {}
