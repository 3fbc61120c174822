"""Arguments of jobs on the command line, read; and what is wrong with them, told."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from park.cli.main import main
from park.cli.options import add_submission, arguments_of
from park.client.submission.files import File, service_file
from park.errors import UsageError


def options(*line: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_submission(parser)
    return parser.parse_args(["m:f", *line])


def test_values_are_json_files_are_files_and_names_are_theirs() -> None:
    given = options(
        "-a", "n=2000", "--arg", 'label="a=b"', "-f", "data=~/run.dat", "--service-file", "x=~/x"
    )
    assert arguments_of(given) == {
        "n": 2000,
        "label": "a=b",
        "data": File(Path("~/run.dat")),
        "x": service_file("~/x"),
    }
    assert arguments_of(options()) == {}


@pytest.mark.parametrize("text", ["n", "=3", "2n=3", "a b=3"])
def test_what_is_no_assignment_is_told_with_its_option(text: str) -> None:
    for option in ("--arg", "--file", "--service-file"):
        with pytest.raises(UsageError, match=f"{option} .* is not of the form NAME=VALUE"):
            arguments_of(options(f"{option}={text}"))


def test_a_text_without_quotes_is_told_how_to_have_them() -> None:
    with pytest.raises(UsageError, match="--arg label: 'film' is not JSON") as caught:
        arguments_of(options("--arg", "label=film"))
    assert """--arg 'label="film"'""" in str(caught.value.hint)


def test_arguments_behind_an_entry_point_are_told_to_have_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_SERVICE", "http://127.0.0.1:9")
    assert main(["run", "fit.py:fit", "film.txt", "w=2"]) != 0
    said = capsys.readouterr().err
    assert "fit.py:fit, which is an entry point and not a requirement" in said
    assert """by name: fit.py:fit --arg 'NAME="film.txt"' --arg w=2""" in said


def test_what_python_writes_is_told_as_json() -> None:
    with pytest.raises(UsageError, match="--arg s: 'nan' is not JSON") as caught:
        arguments_of(options("--arg", "s=nan"))
    assert "JSON writes it NaN: --arg s=NaN; a text needs its quotes" in str(caught.value.hint)
