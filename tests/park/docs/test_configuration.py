"""Every environment variable of park is in docs/reference/configuration.md, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "configuration.md"
SOURCES = [ROOT / "park_dist", ROOT / "repo", ROOT / "server"]

READ_OR_SET = re.compile(r"""["'=(\s](PARK_[A-Z_]*[A-Z])\b""")
DOCUMENTED = re.compile(r"`(PARK_[A-Z_]*[A-Z])`")


def variables_in_the_source() -> set[str]:
    return {
        name
        for source in SOURCES
        for file in source.rglob("*.py")
        for name in READ_OR_SET.findall(file.read_text(encoding="utf-8"))
    }


def test_every_variable_is_documented_and_every_documented_one_exists() -> None:
    documented = set(DOCUMENTED.findall(PAGE.read_text(encoding="utf-8")))
    assert documented == variables_in_the_source(), (
        "variables in the source and in docs/reference/configuration.md differ"
    )


def test_the_search_finds_what_is_read_and_what_is_set() -> None:
    found = variables_in_the_source()
    assert {"PARK_TOKEN", "PARK_JOB_DIRECTORY"} <= found
