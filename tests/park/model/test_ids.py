"""Ids: what is taken as one, and that those made here are, and follow each other."""

from __future__ import annotations

import pytest

from park.errors import UsageError
from park.model.ids import job_id, new_id


@pytest.mark.parametrize("name", ["a", "0199", "A-b_9", "x" * 64])
def test_what_names_a_folder_everywhere_is_an_id(name: str) -> None:
    assert job_id(name) == name


@pytest.mark.parametrize("name", ["", "-a", "_a", ".", "..", "a/b", "a b", "a\n", "é", "x" * 65])
def test_what_could_lead_elsewhere_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="is no id"):
        job_id(name)


def test_new_ids_are_ids_and_sorted_by_their_time() -> None:
    made = [new_id() for _ in range(1_000)]
    assert len(set(made)) == 1_000
    assert [job_id(name) for name in made] == made
    milliseconds = [name[:13] for name in made]
    assert milliseconds == sorted(milliseconds)
