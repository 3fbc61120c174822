"""The page about exported jobs says what the program does."""

from __future__ import annotations

from pathlib import Path

from park.cli.main import command_parsers
from park.client.crates.crate_records import ABOUT, METADATA
from park.client.crates.described import _SPECIFICATION
from park.model.parity.comparison import Tolerance, Verdict

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "export-and-reproduce.md").read_text("utf-8")


def test_options_and_their_defaults_are_those_of_the_commands() -> None:
    parser = command_parsers()["reproduce"]
    options = parser.parse_args(["fit.crate.zip"])
    assert (options.rtol, options.atol) == (Tolerance().relative, Tolerance().absolute)
    assert "`--rtol` (1e-9)" in PAGE
    assert "`--atol` (0)" in PAGE
    for name, words in {
        "reproduce": ("--service", "--rtol", "--atol", "--json"),
        "export": ("--workflow", "-o"),
    }.items():
        known = {text for a in command_parsers()[name]._actions for text in a.option_strings}
        assert set(words) <= known
        assert all(word in PAGE for word in words)


def test_the_files_in_it_are_called_so() -> None:
    assert f"`{METADATA}`" in PAGE
    assert f"`{ABOUT}`" in PAGE
    assert f"({_SPECIFICATION})" in PAGE


def test_the_verdicts_are_those_that_are_printed() -> None:
    assert set(Verdict) == {"equal", "close", "different"}
    assert ": close\n" in PAGE
    assert "fit.txt: equal" in PAGE


def test_the_changelog_tells_of_it() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "`park export JOB -o FILE`" in changes
    assert "`park reproduce FILE`" in changes
