from __future__ import annotations

import pytest

from park_repo.file_records import PROJECTS, ProjectStatus, shelf_of, trees_of


def test_a_tree_stands_on_its_users_shelf_and_nothing_else_does() -> None:
    assert shelf_of("1.0+g12.t0123456789abcdef", "ada") == trees_of("ada") != trees_of("bob")
    for released in ("1.0", "1.0+g12", "1.0+t012345"):
        assert shelf_of(released, "ada") == PROJECTS


@pytest.mark.parametrize(
    ("status", "takes", "offers"),
    [
        ("active", True, True),
        ("deprecated", True, True),
        ("archived", False, True),
        ("quarantined", False, False),
    ],
)
def test_what_each_status_allows(status: str, takes: object, offers: object) -> None:
    """PEP 792."""
    found = ProjectStatus(status)
    assert (found.takes_uploads, found.offers_files) == (takes, offers)
