"""What how-tos for operators, and about the index, tell to type is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.material.typed_pages import whys
from support.pages.page_howtos import BEFORE, page
from support.services.park_client import make_virtualenv
from support.session.slow_cases import slow_after

if TYPE_CHECKING:
    from pathlib import Path

    from support.pages.page_reader import Reader

pytestmark = pytest.mark.slow

PAGES = (
    "air-gapped.md",
    "locked-down-service.md",
    "log-in.md",
    "many-users.md",
    "run-a-service.md",
    "scripts-and-ci.md",
    "use-the-index.md",
)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, packages: list[str | Path]) -> Path:
    tools = ("pip", "twine", "build")
    return make_virtualenv(tmp_path_factory.mktemp("python") / "venv", *packages, *tools)


@pytest.mark.parametrize("name", slow_after(1, PAGES))
def test_each_block_does_what_the_page_says(name: str, reader: Reader) -> None:
    reader.follow(page(name), before=BEFORE)
    assert [each.why for each in reader.not_run] == whys(name)
