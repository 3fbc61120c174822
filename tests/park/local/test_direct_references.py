"""Direct references: made names, told apart, and found whoever reads the headers."""

from __future__ import annotations

import pytest

from park.local.direct_references import by_name, references_in_metadata


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("film @ file:///home/ada/film", "film"),
        ("film[b,a] @ https://e.org/film-1.whl#sha256=00", "film[a,b]"),
        ("film @ git+ssh://git@e.org/film@v1 ; os_name == 'nt'", 'film; os_name == "nt"'),
        ("film@https://e.org/x ; extra == 'plot'", 'film; extra == "plot"'),
        ("film>=1 ; extra == 'plot'", "film>=1 ; extra == 'plot'"),
    ],
)
def test_a_reference_becomes_a_name_with_extras_and_marker(text: str, expected: str) -> None:
    assert by_name(text) == expected


PLAIN = b"Metadata-Version: 2.1\nName: demo\nVersion: 1\nRequires-Dist: six>=1\n"


@pytest.mark.parametrize(
    "line",
    [
        b"Requires-Dist: evil @ http://127.0.0.1:9/evil.whl",
        b"requires-dist:evil@file:///etc/passwd",
        b"Requires-Dist: evil @\n  git+http://127.0.0.1/evil",
        b"Requires-Dist: evil @ http://h/x ; extra == 'a' and os_name == 'nt'",
        b"no colon in this line\nRequires-Dist: evil @ http://h/x",
        b"X: a\rRequires-Dist: evil @ http://h/x",
        b"Requires-Dist: evil\xff @ http://h/x",
        b"Requires-Dist: =?utf-8?q?evil_=40_http=3A//h?=",
    ],
)
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_no_way_of_writing_a_reference_is_missed(line: bytes, ending: bytes) -> None:
    metadata = (PLAIN + line + b"\n\nText.\n").replace(b"\n", ending)
    assert len(references_in_metadata(metadata)) == 1


def test_a_description_may_say_what_it_likes() -> None:
    assert references_in_metadata(PLAIN + b"\nRequires-Dist: a @ https://e.org\n") == ()


def test_an_old_requirement_that_nobody_can_read_is_no_reference() -> None:
    assert references_in_metadata(PLAIN + b"Requires-Dist: six (>=1.0.*,)\n\n") == ()
