"""`park_server.proofs.service_key`: keys, how they are written, and what names them."""

from __future__ import annotations

import pytest

from park.errors import UsageError
from park_server.proofs.service_key import ServiceKey, is_thumbprint


def test_a_key_is_the_same_after_it_was_written() -> None:
    key = ServiceKey.new()
    again = ServiceKey.parse(key.text)
    assert (again.thumbprint, again.public) == (key.thumbprint, key.public)
    assert ServiceKey.new().thumbprint != key.thumbprint


def test_the_name_of_a_key_is_that_of_the_standard() -> None:
    # RFC 8037, appendix A.1 and A.3
    key = ServiceKey.parse("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
    assert key.public["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert is_thumbprint(key.thumbprint)


def test_the_private_half_is_in_no_picture_of_it() -> None:
    key = ServiceKey.new()
    assert key.text not in repr(key)
    assert "d" not in key.public


@pytest.mark.parametrize("text", ["", "A", "A" * 42, "A" * 44, "not base64!" * 4])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="the key of this service is none"):
        ServiceKey.parse(text)


@pytest.mark.parametrize("text", ["", "K" * 42, "K" * 44, "K" * 42 + "=", "K" * 42 + "\n"])
def test_what_names_no_key(text: str) -> None:
    assert not is_thumbprint(text)
