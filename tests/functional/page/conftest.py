"""One service with a model, for all who look at its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.pages.page_lab import PageLab, page_lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageLab]:
    """Run a service that has the environment of the model whose jobs are looked at."""
    with page_lab(tmp_path_factory.mktemp("page")) as running:
        yield running
