"""Scripts that installers can make, in the folder of scripts and nowhere else."""

from __future__ import annotations

import pytest

from park_repo.checks.generated_scripts import check_script_name, check_scripts
from park_repo.checks.members import MAX_PART_BYTES


@pytest.mark.parametrize("name", ["say", "say.it", "say it", "…", "s" * MAX_PART_BYTES])
def test_a_name_of_a_file_is_taken(name: str) -> None:
    check_script_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/a", "a\n", "a\x00b", "é" * MAX_PART_BYTES]
)
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a script") as caught:
        check_script_name(name)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[console_scripts]\n../evil = m:f\n", "no name of a script"),
        ("[gui_scripts]\nsay = m\n", "NAME = MODULE:ATTRIBUTE"),
        ("[console_scripts]\nsay = m:f\nsay = m:g\n", "already exists"),
        ("say = m:f\n", "no section headers"),
    ],
)
def test_entry_points_that_cannot_be_made_are_one_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        check_scripts(text)
    assert "\n" not in str(caught.value)


def test_other_groups_make_no_scripts() -> None:
    check_scripts("[console_scripts]\nsay = m:f [extra]\n[other.group]\n../x = m\n")
