"""What a job asks of machines, on the command line: read, and what is wrong with it told."""

from __future__ import annotations

import argparse

import pytest

from park.cli.resource_options import add_resources, asked_of, size_of
from park.errors import UsageError


def asked(*line: str) -> object:
    parser = argparse.ArgumentParser()
    add_resources(parser)
    return asked_of(parser.parse_args(line))


def test_what_is_given_is_said_and_nothing_else() -> None:
    assert asked() == {}
    line = ["--cpus=4", "--memory=2G", "--walltime=2h", "--engine=slurm", "--licenses=matlab:2"]
    assert asked(*line, "--extra=--constraint=avx2", "--extra=--exclusive", "--reuse") == {
        "cpus": 4,
        "memory": 2 << 30,
        "walltime": "2h",
        "engine": "slurm",
        "licenses": "matlab:2",
        "extra": ["--constraint=avx2", "--exclusive"],
        "reuse": True,
    }


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("--cpus=0", "--cpus=0: it is a whole number from 1", ""),
        ("--walltime=12:30", "--walltime='12:30': it is no time", "--walltime 2h"),
        ("--licenses=:2", "--licenses=':2'", "--licenses matlab:2,disk"),
        ("--extra=-n5", "--extra='-n5'", "--constraint=avx2"),
    ],
)
def test_what_is_wrong_is_told_as_it_is_written_here(line: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        asked(line)
    assert caught.value.message.startswith(message)
    assert hint in (caught.value.hint or "")


def test_a_size_may_have_a_unit() -> None:
    assert size_of("1.5GiB") == 3 << 29
    with pytest.raises(UsageError, match="--memory 'much'") as caught:
        size_of("much")
    assert "--memory 2G" in str(caught.value.hint)


def test_a_size_without_its_unit_is_no_limit_that_anybody_means() -> None:
    with pytest.raises(
        UsageError, match="--memory '5' is 5 B, in which no Python starts"
    ) as caught:
        size_of("5")
    assert caught.value.hint == "did you mean --memory 5G?"
