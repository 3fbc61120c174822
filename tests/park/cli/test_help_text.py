"""Help in the width of a terminal: prose wraps, and commands stay whole."""

from __future__ import annotations

import pytest

from park.cli.help_text import fitted
from park.cli.main import command_parsers, main

_EXAMPLES = """examples:
  park env pin 3fa91c     keep it, whatever the quota of the service
  park run 'sasmodels==1.1.0' sasmodels.core:list_models   a release from there
  park run mymodel:fit --file data=run.txt --json
                          which is JSON, also where it failed
The exit status is 1 where a piece failed or was cancelled."""


def test_what_fits_stays_as_it_is() -> None:
    assert fitted(_EXAMPLES, 80) == _EXAMPLES


def test_what_is_said_of_a_command_goes_on_below_itself_or_below_the_command() -> None:
    assert fitted(_EXAMPLES, 50).splitlines() == [
        "examples:",
        "  park env pin 3fa91c     keep it, whatever the",
        "                          quota of the service",
        "  park run 'sasmodels==1.1.0' sasmodels.core:list_models",
        "      a release from there",
        "  park run mymodel:fit --file data=run.txt --json",
        "                          which is JSON, also",
        "                          where it failed",
        "The exit status is 1 where a piece failed or was",
        "cancelled.",
    ]
    assert "      which is JSON, also where it\n      failed\n" in fitted(_EXAMPLES, 36)


@pytest.mark.parametrize("columns", [40, 80])
def test_prose_of_every_help_fits_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    helps = [capsys.readouterr().out, *(each.format_help() for each in command_parsers().values())]
    wide = [line for text in helps for line in text.splitlines() if len(line) > columns]
    assert [line for line in wide if _is_prose(line)] == []


def _is_prose(line: str) -> bool:
    """Tell whether a line is no command, which stays whole, and no long name of an option."""
    is_command = line.startswith(("  park ", "  pip ", "  uv "))
    return not is_command and not line.strip().startswith(("[", "-")) and " " in line.strip()
