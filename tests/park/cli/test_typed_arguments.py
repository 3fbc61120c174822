"""What a person typed for an argument: the JSON and the option that were meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from park.cli.typed_arguments import json_meant, options_meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("nan", "NaN"),
        ("-nan", "NaN"),
        ("inf", "Infinity"),
        ("-Inf", "-Infinity"),
        ("+infinity", "Infinity"),
        ("True", "true"),
        ("FALSE", "false"),
        ("None", "null"),
        ("'film'", '"film"'),
        ("1_000", "1000"),
        (".5", "0.5"),
        ("1.", "1.0"),
        ("0x10", "16"),
        ("[1, 2,]", "[1, 2]"),
        ("(1, 'a')", '[1, "a"]'),
        ("{'a': None}", '{"a": null}'),
    ],
)
def test_what_python_reads_has_its_json(typed: str, meant: str) -> None:
    assert json_meant(typed) == meant
    json.loads(meant)


@pytest.mark.parametrize("typed", ["film", "-true", "{1, 2}", "1+2j", "", "a b", "[1, 2", "f(3)"])
def test_what_is_text_alone_has_none(typed: str) -> None:
    assert json_meant(typed) is None


def test_words_behind_an_entry_point_become_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.txt").write_text("0 1\n")
    words = ["w=2", "--name=a film", "data=film.txt", "film.txt", "3", "r=nan", "a" * 5000]
    assert options_meant(words[:-1]) == (
        """--arg w=2 --arg 'name="a film"' --file data=film.txt --file NAME=film.txt """
        "--arg NAME=3 --arg r=NaN"
    )
    assert options_meant(words[-1:]).startswith("--arg 'NAME=\"aaa")
