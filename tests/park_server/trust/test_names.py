import pytest

from park.errors import UsageError
from park_server.trust.names import check_name


@pytest.mark.parametrize("name", ["ada", "a.b-c_d", "_svc", "7of9", "a" * 63])
def test_login_names_are_names(name: str) -> None:
    assert check_name(name, "user") == name


@pytest.mark.parametrize(
    "name", ["", "Ada", ".a", "-a", "a b", "a/b", "~ada", "a\n", "a" * 64, "ä"]
)
def test_what_would_mean_something_else_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a user"):
        check_name(name, "user")
