from __future__ import annotations

import pytest

from park.errors import OverLimit
from park_server.trust.noted.change_rate import ChangeRate


def test_changes_are_counted_by_user_and_kind_and_come_back_over_a_day() -> None:
    moment = 0.0
    rate = ChangeRate(lambda: moment)
    for _ in range(500):
        rate.count("ada", "logins")
    with pytest.raises(OverLimit, match="ada had 500 logins in a day") as caught:
        rate.count("ada", "logins")
    assert caught.value.details == {"limit": 500, "retry_after_s": 172.8}
    assert "the next may be in 173 s" in str(caught.value.hint)
    rate.count("ada", "new tokens")
    rate.count("bob", "logins")
    moment = 173.0
    rate.count("ada", "logins")
    with pytest.raises(OverLimit):
        rate.count("ada", "logins")
