"""What is to be completed at the end of a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.cli.main import parser_for
from park.cli.shells.place import Place, place, words_of
from park.cli.shells.words import Kind


def at(line: str) -> Place:
    return place(words_of(line), parser_for)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("park ", ["park", ""]),
        ("park st", ["park", "st"]),
        ("park jobs --label 'a b", ["park", "jobs", "--label", "a b"]),
        ("park jobs --label 'a ", ["park", "jobs", "--label", "a "]),
        (r"park get a\ b", ["park", "get", "a b"]),
        ("park get a\\", ["park", "get", "a\\"]),
        (r"park get a\ ", ["park", "get", "a "]),
        ("PARK_SERVICE=lab X=1 ./park get ", ["./park", "get", ""]),
        ("", [""]),
    ],
)
def test_a_line_is_split_as_shells_do(line: str, words: list[str]) -> None:
    assert words_of(line) == words


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        ("park ", Kind.OTHER, ""),
        ("park status 7f", Kind.JOB, "7f"),
        ("park cancel 7f3abc 8", Kind.JOB, "8"),
        ("park status 7f3abc 8", Kind.OTHER, "8"),
        ("park get 7f3abc ", Kind.JOB_FILE, ""),
        ("park get -s lab 7f3abc -o ", Kind.FILE, ""),
        ("park get 7f3abc out.dat -s ", Kind.SERVICE, ""),
        ("park get --service=la", Kind.SERVICE, "la"),
        ("park get --nothing=la", Kind.OTHER, "la"),
        ("park --debug env show ", Kind.LOCK, ""),
        ("park env diff 3fa91c lo", Kind.SIDE, "lo"),
        ("park env shell 3fa91c -- -", Kind.FILE, "-"),
        ("park index yank m 1", Kind.VERSION, "1"),
        ("park index remove m 1 2", Kind.VERSION, "2"),
        ("park service remove ", Kind.NAMED_SERVICE, ""),
        ("park nothing-like-this x", Kind.OTHER, "x"),
        ("park run --json m:f --lock 3f", Kind.LOCK, "3f"),
    ],
)
def test_the_end_of_a_line_has_a_kind(line: str, kind: Kind, text: str) -> None:
    found = at(line)
    assert (found.kind, found.text) == (kind, text)


def test_what_stands_before_is_known() -> None:
    found = at("park get --service lab -s=sns 7f3abc ")
    assert (found.path, found.value("job")) == (("park", "get"), "7f3abc")
    assert found.value("service") == "sns"
    assert found.value("output") is None


def test_the_few_words_that_a_place_takes_are_told() -> None:
    assert at("park completion ").choices == ("bash", "fish", "zsh")
    assert at("park jobs --status ").choices[0] == "waiting"
    assert at("park status ").choices == ()


@given(st.text(max_size=30))
def test_any_line_has_a_place(line: str) -> None:
    assert isinstance(at(f"park {line}"), Place)
