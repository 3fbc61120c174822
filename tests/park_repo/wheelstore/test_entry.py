from __future__ import annotations

from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from park_repo.wheelstore.entry import StoreEntry, parse_mark, store_key
from park_repo.wheelstore.unpack import ConsoleScript

KEY = store_key("a" * 64, "cpython-311")
PLACE = Path("/store/v1", KEY)
ENTRY = StoreEntry(
    key=KEY,
    path=PLACE,
    filename="demo-1.0-py3-none-any.whl",
    name=NormalizedName("demo"),
    version="1.0",
    sha256="a" * 64,
    size_bytes=7,
    files=2,
    bytecode=False,
    schemes=("scripts", "site"),
    scripts=(ConsoleScript(name="say", module="demo", attribute="main", section="console"),),
    shebang_scripts=("shout",),
)


def test_a_mark_says_all_of_an_entry_but_where_it_is() -> None:
    assert parse_mark(ENTRY.mark(), KEY, PLACE) == ENTRY
    elsewhere = Path("/moved", KEY)
    assert parse_mark(ENTRY.mark(), KEY, elsewhere).path == elsewhere
    assert b"/store" not in ENTRY.mark()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", ENTRY.mark()[:-1]])
def test_what_is_no_mark_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse_mark(content, KEY, PLACE)
