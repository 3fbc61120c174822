"""One browser for the tests of a file, and one service with a model for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.services.page_browser import PageBrowser, opened_browser
from support.services.page_lab import PageLab, page_lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def browser() -> Iterator[PageBrowser]:
    """Open a browser; it ends with its file, since others of this worker run event loops."""
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageLab]:
    """Run a service that has the environment of the model whose jobs are looked at."""
    with page_lab(tmp_path_factory.mktemp("page")) as running:
        yield running
