from __future__ import annotations

import pytest

from park_repo.checks.filenames import (
    named_in,
    oddity_in,
    parse_distribution_name,
    version_in,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Foo-1.0-py3-none-any.whl", "foo-1.0-py3-none-any.whl"),
        ("foo_bar-1.0-py3-none-any.whl", "Foo.Bar-1.0.0-py3-none-any.whl"),
        ("foo-1.0-py2.py3-none-any.whl", "foo-1.0-py3.py2-none-any.whl"),
        ("foo-1.0a1.tar.gz", "Foo-1.0.alpha1.tar.gz"),
        ("foo-1.0+Local.1-py3-none-any.whl", "foo-1.0+local.1-py3-none-any.whl"),
    ],
)
def test_spellings_of_one_file_have_one_key(one: str, other: str) -> None:
    assert parse_distribution_name(one).key == parse_distribution_name(other).key


def test_different_files_have_different_keys() -> None:
    names = [
        "foo-1.0-py3-none-any.whl", "foo-1.1-py3-none-any.whl", "fooo-1.0-py3-none-any.whl",
        "foo-1.0-1-py3-none-any.whl", "foo-1.0-1b-py3-none-any.whl", "foo-1.0.tar.gz",
        "foo-1.0-py2-none-any.whl", "foo-1.0-py2.py3-none-any.whl",
    ]  # fmt: skip
    assert len({parse_distribution_name(name).key for name in names}) == len(names)


@pytest.mark.parametrize(
    ("filename", "said"),
    [
        ("numpy-2.4.1-cp311-cp311-manylinux_2_28_x86_64.whl", ("numpy", "2.4.1")),
        ("refl1d-1.0.1.tar.gz", ("refl1d", "1.0.1")),
        ("Refl_1d-1.0.1.zip", ("refl-1d", "1.0.1")),
        ("numpy.whl", ("", "")),
        ("numpy", ("", "")),
        ("numpy-one.tar.gz", ("", "")),
    ],
)
def test_a_file_of_another_index_says_what_it_is_of_or_nothing(
    filename: str, said: tuple[str, str]
) -> None:
    assert named_in(filename) == said
    assert version_in(filename) == said[1]


@pytest.mark.parametrize(
    ("filename", "why"),
    [
        ("c:\\foo-1.0.tar.gz", "':'"),
        ("..\\foo-1.0.tar.gz", "'\\\\'"),
        ('foo-1.0".tar.gz', "'\"'"),
        ("foo-1.0?.tar.gz", "'?'"),
        ("foo-1.0\u202egnp.whl", "printed"),
        ("foo-1.0\u200b.whl", "printed"),
        ("foo-1.0\x9b.whl", "printed"),
        ("foo\x7f-1.0.whl", "printed"),
        ("-foo-1.0.whl", "begins"),
        (".foo-1.0.whl", "begins"),
        (" foo-1.0.whl", "begins"),
    ],
)
def test_a_name_that_no_tool_gives_is_odd_and_says_why(filename: str, why: str) -> None:
    assert why in str(oddity_in(filename))


@pytest.mark.parametrize(
    "filename",
    [
        "numpy-2.4.1-cp311-cp311-manylinux_2_28_x86_64.whl",
        "foo-1!2.0+local.1.tar.gz",
        "Foo.Bar-1.0-r3.zip",
        "foo-1.0 beta.tar.gz",
        "föö-1.0.tar.gz",
    ],
)
def test_a_name_that_tools_gave_once_is_not_odd(filename: str) -> None:
    assert oddity_in(filename) is None
