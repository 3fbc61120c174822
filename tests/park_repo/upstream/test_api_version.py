from typing import Any

import pytest

from park_repo.upstream.api_version import held_version, require_known


def test_only_a_major_version_that_is_known_is_read() -> None:
    for version in ("1", "1.0", "1.9"):
        require_known(version)
    for version in ("2.0", "10.1", "", "x"):
        with pytest.raises(ValueError, match=r"expected 1\.x"):
            require_known(version)


WHOLE: dict[str, Any] = {"versions": ["1"], "files": [{"size": 1}]}


@pytest.mark.parametrize(
    ("said", "page", "held"),
    [
        ("1.1", WHOLE, "1.1"),
        ("1.4", WHOLE, "1.4"),
        ("1.9", WHOLE, "1.4"),
        (f"1.{'9' * 5_000}", WHOLE, "1.4"),
        ("1", WHOLE, "1.0"),
        ("1.x", WHOLE, "1.0"),
        ("1.4", {"files": []}, "1.0"),
        ("1.4", {"versions": [], "files": [{"size": 1}, {}]}, "1.0"),
        ("1.4", {"versions": [], "files": []}, "1.4"),
    ],
)
def test_a_page_says_no_version_whose_keys_it_lacks(
    said: str, page: dict[str, Any], held: str
) -> None:
    assert held_version(page | {"meta": {"api-version": said}}) == held
    assert held_version({"files": []}) == "1.0"
