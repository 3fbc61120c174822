"""The files of a fit that are text: whole, and exact to the last digit."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from park.fitting.curves import Table
from park.fitting.left_files import write_json, write_table, write_text

if TYPE_CHECKING:
    from pathlib import Path


def test_a_table_is_read_back_to_the_last_bit(tmp_path: Path) -> None:
    columns = {"x": [0.1, 1 / 3], "y": [1e-300, math.nan]}
    write_table(tmp_path / "curve-1.dat", Table("film", columns, "x is Q"))
    lines = (tmp_path / "curve-1.dat").read_text().splitlines()
    assert lines[:3] == ["# film", "# x is Q", "# x y"]
    rows = [[float(each) for each in line.split()] for line in lines[3:]]
    assert [row[0] for row in rows] == columns["x"]
    assert rows[0][1] == 1e-300
    assert math.isnan(rows[1][1])


def test_json_is_what_every_program_reads(tmp_path: Path) -> None:
    write_json(tmp_path / "fit.json", {"é": 1})
    assert json.loads((tmp_path / "fit.json").read_text(encoding="utf-8")) == {"é": 1}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "fit.json", {"a": math.nan})


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "one")
    write_text(tmp_path / "a", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a", "half\ud800")
    assert (tmp_path / "a").read_text() == "two"
