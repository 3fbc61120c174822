"""Jobs as people find them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.labs.schedule_lab import USER, lab, run

from park.errors import UsageError
from park_server.jobs import job_view


def test_a_job_is_found_by_the_end_of_its_id(tmp_path: Path) -> None:
    async def test() -> None:
        async with lab(tmp_path) as here:
            one, other = "0199-one-abcdef", "0199-two-abcdef"
            await here.submit(one)

            def found(text: str) -> str:
                return here.database.read(lambda c: job_view.full_id(c, text, USER))

            assert found("abcdef") == found("…abcdef") == one
            assert (found("cdef"), found("%bcdef")) == ("cdef", "%bcdef")
            await here.submit(other)
            with pytest.raises(UsageError, match="2 of your jobs end in abcdef"):
                found("abcdef")
            assert here.database.read(lambda c: job_view.full_id(c, "one-abcdef", "bob")) == (
                "one-abcdef"
            )

    run(test)
