import pytest

from park.client.access.plain_http import require_protected
from park.errors import InsecureTransport


@pytest.mark.parametrize(
    "url",
    [
        *("https://lab.example", "https://lab.example:8750/park", "http://127.0.0.1:8750"),
        *("http://localhost:8750", "http://[::1]:8750/park", "http://127.1.2.3"),
    ],
)
def test_tls_and_this_machine_are_safe(url: str) -> None:
    require_protected(url, insecure=False)


@pytest.mark.parametrize(
    "url",
    [
        *("http://lab.example", "http://10.1.2.3:8750", "http://[2001:db8::1]/park"),
        *("http://localhost.lab.example", "http://127.0.0.1.lab.example", "http://0.0.0.0:8750"),
    ],
)
def test_plain_http_to_anywhere_else_is_at_the_user_s_own_risk(url: str) -> None:
    with pytest.raises(InsecureTransport, match="is asked by plain HTTP") as caught:
        require_protected(url, insecure=False)
    for way in ("https://", "--insecure", "insecure=True", "park service add"):
        assert way in str(caught.value.hint)
    require_protected(url, insecure=True)
