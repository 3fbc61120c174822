"""What somebody does first who has no service yet."""

from __future__ import annotations

import os

from park.client.access.config import Configuration, configuration_file
from park.client.access.local_services import running_services

__all__ = ["FIRST_STEPS", "has_a_service"]

FIRST_STEPS = """\
No service is named yet, and none runs on this machine. To begin:
  park init                         with the URL of a service that you were given
  park serve --home ~/park-service  to run one here (pip install 'park-dist[server]')
"""


def has_a_service() -> bool:
    """Tell whether a service can be meant where none is named."""
    return bool(
        os.environ.get("PARK_SERVICE")
        or Configuration(configuration_file()).services()
        or running_services()
    )
