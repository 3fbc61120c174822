"""What the pickles of one call have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from park.client.by_value.module_ways import ModuleWays, Way
from park.client.by_value.sending import Sending


def test_numbers_are_those_of_a_kind_and_stay() -> None:
    one = Sending(ModuleWays())
    first, second = object(), object()
    assert [one.number("class", each) for each in (first, second, first)] == [0, 1, 0]
    assert one.number("code", first) == 0


def test_a_fork_knows_what_is_known_and_tells_nobody() -> None:
    one = Sending(ModuleWays())
    first = object()
    one.number("class", first)
    one.note("packaging.version")
    other = one.fork()
    other.note("packaging.tags")
    assert other.number("class", first) == 0
    assert other.number("class", object()) == 1
    assert (list(one.modules), list(other.modules)) == (
        ["packaging.version"],
        ["packaging.version", "packaging.tags"],
    )


def test_the_place_of_code_is_its_lines() -> None:
    def function() -> int:
        return 1

    one = Sending(ModuleWays())
    assert one.place(function.__code__) == one.place(function.__code__) == 0
    (place,) = one.places
    assert place["file"] == __file__
    assert place["source"] == ["    def function() -> int:\n", "        return 1\n"]
    assert Path(__file__).read_text().splitlines()[place["line"] - 1] == place["source"][0][:-1]


def test_what_a_source_imports_is_noted_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first_beside.py").write_text("import second_beside\n")
    (tmp_path / "second_beside.py").write_text("def f():\n    import packaging.tags\n")
    one = Sending(ModuleWays())
    assert one.note("first_beside") is Way.SOURCE
    assert sorted(one.sources) == ["first_beside", "second_beside"]
    assert (list(one.modules), list(one.needed)) == (["packaging.tags"], [])
