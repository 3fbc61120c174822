"""A job of a cluster: what its batch script becomes, in the view of its environment."""

from __future__ import annotations

import json
import os
import socket
from typing import NoReturn

from .. import child  # noqa: TID252 (named otherwise in environments)
from ..compiled.shared_code import share_compiled_code  # noqa: TID252 (named otherwise in environments)
from ..order import Order  # noqa: TID252 (named otherwise in environments)
from ..preload import add_library  # noqa: TID252 (named otherwise in environments)
from ..surroundings import prepare_streams  # noqa: TID252 (named otherwise in environments)
from ..used import recorder as used  # noqa: TID252 (named otherwise in environments)

__all__ = ["main"]


def main(argument: str) -> NoReturn:
    """Run the job whose order is the JSON ``argument``; nobody listens but its folder."""
    order = Order(**json.loads(argument))
    used.start()
    add_library(os.environ.get("PARK_RUNTIME"))
    share_compiled_code()
    prepare_streams()
    channel, nobody = socket.socketpair()
    nobody.close()
    child.run(order, channel)
