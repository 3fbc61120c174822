"""The pytest plugin: ``park_service``, one service for all tests of a session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest  # type: ignore[import-not-found, unused-ignore]  # whoever loads this has it

if TYPE_CHECKING:
    from park.client.service import Service

__all__ = ["park_service", "pytest_addoption"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the settings of the fixture."""
    parser.addini(
        "park_service_names",
        "names under which the code that is tested finds the service of the fixture park_service",
        type="args",
    )
    parser.addini(
        "park_serve_options",
        "further arguments of the `park serve` of the fixture park_service",
        type="args",
    )


@pytest.fixture(scope="session")
def park_service(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Service]:
    """Give a throw-away service on this machine, of which nothing is left afterwards.

    In the tests it is what ``park.remote_service()`` finds, and what it finds by each of
    ``park_service_names``; the user's own configuration, logins and caches are not seen.
    """
    from park.testing.throwaway import throwaway_service

    with throwaway_service(
        tmp_path_factory.mktemp("park"),
        names=pytestconfig.getini("park_service_names"),
        options=pytestconfig.getini("park_serve_options"),
    ) as service:
        yield service
