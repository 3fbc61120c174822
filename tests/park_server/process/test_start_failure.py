"""A start that fails is told in words, once."""

from __future__ import annotations

import errno

import pytest

from park.errors import CannotSatisfy, Conflict
from park_server.process.start_failure import in_words


def test_what_a_disk_refuses_is_told_as_that() -> None:
    with (
        pytest.raises(CannotSatisfy, match=r"the service cannot start: .*Read-only") as told,
        in_words(),
    ):
        raise OSError(errno.EROFS, "Read-only file system", "/srv/park/jobs")
    assert "df -i" in str(told.value.hint)


@pytest.mark.parametrize("error", [Conflict("this home is another's"), ValueError("a defect")])
def test_all_else_is_raised_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)), in_words():
        raise error
