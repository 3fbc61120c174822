import pytest

from park.wire import ServiceRecord


@pytest.mark.parametrize(
    ("environments", "line"),
    [
        ("overlay", "real folders in each job, through overlay mounts"),
        ("hard-links", "real folders of hard links, without overlay mounts: not permitted"),
        ("none", "none can be made: not permitted"),
        ("another", "another"),
        (None, "as an earlier park makes them"),
    ],
)
def test_people_are_told_how_jobs_see_environments(environments: str | None, line: str) -> None:
    record = object.__new__(ServiceRecord)
    object.__setattr__(record, "environments", environments)
    object.__setattr__(record, "no_overlay", "not permitted")
    assert record.environments_line == line
