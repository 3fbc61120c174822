"""Build requirements of a user's source: names and versions, never options, paths or URLs."""

from __future__ import annotations

import pytest

from park.errors import BuildFailed
from park_server.installs.build_requirements import required_by_name


def test_requirements_pass_in_one_spelling() -> None:
    given = ["setuptools >= 61", "numpy[x] ; python_version>'3'"]
    assert required_by_name(given) == ["setuptools>=61", 'numpy[x]; python_version > "3"']


@pytest.mark.parametrize(
    "text",
    ["-e", "-r token", "--target=/", "/path/to/tree", "./tree", "file:///tree", "a\n-r token", ""],
)
def test_what_a_program_would_take_for_something_else(text: str) -> None:
    with pytest.raises(BuildFailed, match="no requirement") as caught:
        required_by_name(["setuptools", text])
    assert repr(text) in caught.value.message


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.whl", "file:///a", "git+http://h/a"])
def test_no_url_is_followed(url: str) -> None:
    with pytest.raises(BuildFailed, match="follows no URL") as caught:
        required_by_name([f"a @ {url} ; os_name == 'nt'"])
    assert "park publish" in str(caught.value.hint)
