from __future__ import annotations

import pytest

from park_repo.checks.filenames import parse_distribution_name


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
