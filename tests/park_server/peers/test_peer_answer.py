"""What another service may answer of a job, and what is refused before anything is done with it."""

from __future__ import annotations

import pytest

from park.model.references import Reference, What
from park_server.jobs.files.left_files import MOST_FILES
from park_server.peers.peer_answer import (
    LONGEST_TEXT,
    CannotStage,
    checked_part,
    files_of,
    returned,
    text_of,
)

SHA256 = "5e" * 32
PLAIN = {"name": "out/fit.dat", "sha256": SHA256, "size": 3}

NAMES: list[object] = ["../up", "/etc/passwd", "a/../b", "..", "", "a\0b", None, 7]
DIGESTS: list[object] = ["../../victim", SHA256.upper(), SHA256[:-1], None, []]
SIZES: list[object] = [-1, "3", 2.5, float("nan"), None, {}]
ODD: list[dict[str, object]] = [
    *({"name": name} for name in NAMES),
    *({"sha256": text} for text in DIGESTS),
    *({"size": size} for size in SIZES),
]


def test_plain_records_of_files_are_taken() -> None:
    (file,) = files_of({"job": {"files": [PLAIN]}})
    assert (file.name, file.sha256, file.size) == ("out/fit.dat", SHA256, 3)


@pytest.mark.parametrize("odd", ODD)
def test_a_record_that_would_lead_elsewhere_is_none(odd: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no record of a file|of a FileRecord"):
        files_of({"job": {"files": [PLAIN | odd]}})


def test_more_files_than_any_job_leaves_are_refused() -> None:
    with pytest.raises(ValueError, match="files, and no job leaves more"):
        files_of({"job": {"files": [PLAIN] * (MOST_FILES + 1)}})


def test_of_text_as_much_is_told_as_people_read() -> None:
    assert text_of("x" * 10_000_000) == "x" * LONGEST_TEXT
    assert text_of("cannot\n\x1b[2J  fit") == "cannot \x1b[2J fit"
    assert text_of({"$park": "pickle"}) is None


def test_a_path_that_was_returned_is_found_and_nothing_else() -> None:
    assert returned({"$park": "path", "value": "fit.dat"}) == returned("fit.dat") == "fit.dat"
    assert returned({"$park": "path", "value": ["fit.dat"]}) is None


@pytest.mark.parametrize("own", [False, True])
def test_what_is_pickled_is_code_of_who_sent_it(own: bool) -> None:  # noqa: FBT001
    pickled = {"$park": "pickle", "base64": "gASVAAAA", "set_hash": "s", "type": "x"}
    reference = Reference(job="r", what=What.VALUE, service="http://there", own=own)
    if own:
        assert checked_part(pickled, reference, "there")[0] == pickled
    else:
        with pytest.raises(CannotStage, match="which is code of there"):
            checked_part(pickled, reference, "there")
