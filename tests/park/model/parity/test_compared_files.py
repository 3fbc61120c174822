"""Two files: by bytes first, and then by what they mean."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from park.model.parity.compared_files import compare_files
from park.model.parity.comparison import Comparison, Tolerance, Verdict


def compared(there: Path, here: Path) -> Comparison:
    found = Comparison(of="fit", tolerance=Tolerance(relative=1e-6))
    compare_files(there, here, "fit", found)
    return found


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "here"


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (b"\0\xff", b"\0\xff", Verdict.EQUAL),
        (b"\0\xff", b"\0\xfe", Verdict.DIFFERENT),
        (b"\0\xff", b"\0\xff\xff", Verdict.DIFFERENT),
        (b"x 1.0", b"x 1.00000001", Verdict.CLOSE),
        (b"x 1.0", b"x 1.1", Verdict.DIFFERENT),
    ],
)
def test_bytes_and_texts(
    there: Path, here: Path, one: bytes, other: bytes, verdict: Verdict
) -> None:
    there.write_bytes(one)
    here.write_bytes(other)
    assert compared(there, here).verdict is verdict


def test_an_array_by_its_items(there: Path, here: Path) -> None:
    for path, last in ((there, 1.0), (here, 1.0 + 1e-9)):
        with path.open("wb") as file:
            np.save(file, np.array([0.5, last]))
    assert compared(there, here).verdict is Verdict.CLOSE


def test_archives_by_what_is_in_them_and_not_by_when_it_was_written(
    there: Path, here: Path
) -> None:
    for path, year in ((there, 2025), (here, 2026)):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("x.txt", (year, 1, 1, 0, 0, 0)), "1.0")
    assert compared(there, here).verdict is Verdict.EQUAL
    with zipfile.ZipFile(here, "w") as archive:
        archive.writestr("y.txt", "1.0")
    assert compared(there, here).verdict is Verdict.DIFFERENT
