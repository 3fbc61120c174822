import pytest

from park_repo.upstream.attempts import may_pass


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again(status: int) -> None:
    assert may_pass(status)


@pytest.mark.parametrize("status", [200, 401, 404, 410])
def test_an_answer_that_stays_is_not_asked_for_again(status: int) -> None:
    assert not may_pass(status)
