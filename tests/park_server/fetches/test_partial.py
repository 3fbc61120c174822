"""The part of a file that is here: it outlives the process, and no boot of the machine."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from park.errors import TooLarge
from park_server.fetches import partial as parts
from park_server.fetches.answers import Held
from park_server.fetches.gunzip import BadGzip
from park_server.fetches.partial import Partial, Partials, Source

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "https://e.org/film.dat"


def source(validator: str | None = '"v1"') -> Source:
    return Source(
        place=PLACE, name="film.dat", validator=validator, etag=None, last_modified=None, total=None
    )


@pytest.fixture
def partials(tmp_path: Path) -> Partials:
    return Partials(tmp_path / "fetching")


def begun(partials: Partials, content: bytes, validator: str | None = '"v1"') -> Partial:
    with partials.of("0199", 100) as made:
        made.restart(source(validator), is_coded=False)
        made.append(content)
    return made


def recovered(partials: Partials) -> Partial:
    with partials.of("0199", 100) as made:
        list(made.recover())
    return made


def test_a_later_process_goes_on_where_an_earlier_one_stopped(partials: Partials) -> None:
    begun(partials, b"01234")
    with partials.of("0199", 100) as later:
        assert list(later.recover()) == [5]
        assert later.was_resumed
        assert later.held(PLACE) == Held(size=5, validator='"v1"')
        later.append(b"56789")
        assert later.finish() == hashlib.sha256(b"0123456789").hexdigest()
    assert later.path.read_bytes() == b"0123456789"


def test_a_part_is_held_only_of_its_place_and_with_a_validator(partials: Partials) -> None:
    assert begun(partials, b"01234").held("https://e.org/other.dat") is None
    assert begun(partials, b"").held(PLACE) is None
    assert begun(partials, b"01234", validator=None).held(PLACE) is None


def test_the_bytes_of_another_boot_are_not_trusted(
    partials: Partials, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(partials, b"01234")
    monkeypatch.setattr(parts, "_boot", lambda: "another")
    assert recovered(partials).size == 0
    assert partials.jobs() == set()


@pytest.mark.parametrize("note", ["", "{", "[]", '{"boot": 1}', None])
def test_without_a_note_that_can_be_read_the_bytes_are_of_no_use(
    partials: Partials, note: str | None
) -> None:
    path = begun(partials, b"01234").path.with_suffix(".json")
    if note is None:
        path.unlink()
    else:
        path.write_text(note)
    assert recovered(partials).held(PLACE) is None
    assert partials.jobs() == set()


def test_a_restart_begins_with_nothing_in_a_file_of_its_own(partials: Partials) -> None:
    first = begun(partials, b"01234")
    kept = first.path.with_name("kept")
    kept.hardlink_to(first.path)
    again = begun(partials, b"xyz")
    assert again.path.read_bytes() == b"xyz"
    assert kept.read_bytes() == b"01234"
    assert json.loads(again.path.with_suffix(".json").read_text())["validator"] == '"v1"'


def test_it_does_not_grow_beyond_its_limit(partials: Partials) -> None:
    with partials.of("0199", 8) as made:
        made.restart(source(), is_coded=False)
        made.append(b"01234567")
        with pytest.raises(TooLarge, match="this service fetches 8 B") as caught:
            made.append(b"8")
    assert "--fetch-limit" in str(caught.value.hint)
    assert made.path.read_bytes() == b"01234567"


def test_gzip_is_undone_and_limited_by_what_comes_out(partials: Partials) -> None:
    with partials.of("0199", 1_000) as made:
        made.restart(source(), is_coded=True)
        made.append(gzip.compress(b"x" * 1_000))
        assert made.finish() == hashlib.sha256(b"x" * 1_000).hexdigest()
    with partials.of("0199", 999) as made:
        made.restart(source(), is_coded=True)
        with pytest.raises(TooLarge):
            made.append(gzip.compress(b"x" * 1_000))


def test_gzip_without_its_end_is_not_finished(partials: Partials) -> None:
    with partials.of("0199", 1_000) as made:
        made.restart(source(), is_coded=True)
        made.append(gzip.compress(b"x" * 1_000)[:-4])
        with pytest.raises(BadGzip, match="its end is missing"):
            made.finish()


def test_what_belongs_to_nobody_is_swept(partials: Partials) -> None:
    begun(partials, b"01234")
    (partials.root / "0200.part").write_bytes(b"")
    (partials.root / ".0199.json.tmp").write_bytes(b"half")
    partials.sweep({"0199"})
    assert {path.name for path in partials.root.iterdir()} == {"0199.part", "0199.json"}
    partials.of("0199", 100).remove()
    assert list(partials.root.iterdir()) == []
