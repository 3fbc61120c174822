"""What differs between two sources."""

from __future__ import annotations

from park_server.page.texts.source_difference import MOST_FILES, MOST_LINES, differences


def test_files_are_added_removed_and_changed() -> None:
    old = {"same.py": "1\n", "gone.py": "a\nb\n", "film.py": "d = 1\nn = 2\n"}
    new = {"same.py": "1\n", "new.py": "c\n", "film.py": "d = 3\nn = 2\n"}
    found = differences(old, new)
    assert found["left_out"] == 0
    by_name = {each["name"]: each for each in found["files"]}
    assert {name: each["change"] for name, each in by_name.items()} == {
        "film.py": "changed",
        "gone.py": "removed",
        "new.py": "added",
    }
    assert by_name["film.py"]["lines"] == ["@@ -1,2 +1,2 @@", "-d = 1", "+d = 3", " n = 2"]
    assert (by_name["film.py"]["added"], by_name["film.py"]["removed"]) == (1, 1)
    assert by_name["gone.py"]["removed"] == 2


def test_lines_that_begin_like_the_head_of_a_difference_are_lines() -> None:
    (file,) = differences({"a": "x\n-- y\n"}, {"a": "x\n++ y\n"})["files"]
    assert file["lines"][1:] == [" x", "--- y", "+++ y"]
    assert (file["added"], file["removed"]) == (1, 1)


def test_what_is_no_text_is_said_in_a_note() -> None:
    (file,) = differences({"a.npy": b"8 bytes, CRC 1"}, {"a.npy": b"8 bytes, CRC 2"})["files"]
    assert file["lines"] == []
    assert file["note"] == "8 bytes, CRC 1 → 8 bytes, CRC 2"


def test_there_is_an_end_to_lines_and_to_files() -> None:
    (file,) = differences({}, {"a": "x\n" * (MOST_LINES + 10)})["files"]
    assert len(file["lines"]) == MOST_LINES
    assert file["note"] == "11 more lines"  # with the line of the place
    found = differences({}, {f"{n:03}.py": "x\n" for n in range(MOST_FILES + 7)})
    assert len(found["files"]) == MOST_FILES
    assert found["left_out"] == 7
