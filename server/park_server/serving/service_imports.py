"""What serves, loaded in two parts: what takes up the jobs of a home, and what answers.

The imports of a service are the larger part of its start. `park_server.command` asks for them here,
and for its help loads none.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from park.errors import CannotSatisfy
from park_server.assembly.start_stages import Stages

if TYPE_CHECKING:
    from park_server.assembly.frame import Serve
    from park_server.serving.standing_by import Standby
    from park_server.serving.web import Web
    from park_server.settings import Settings

__all__ = ["installed", "loaded", "loaded_standby"]

_TURN_S = 0.0005


@contextmanager
def installed(what: str) -> Iterator[None]:
    """Say of what the service's part imports, and is not there, how it is installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise CannotSatisfy(
            f"`{what}` needs {error.name}, which is not installed",
            hint="pip install 'park-dist[server]'",
        ) from error


def loaded(stages: Stages) -> Serve:
    """Return what serves; its imports take most of a start."""
    with (
        installed("park serve"),
        stages.at("loading the service's code"),
        _without_garbage_collection(),
    ):
        from park_server.serving.serve import serve

    return partial(serve, web=_web)


def loaded_standby(settings: Settings) -> Standby:
    """Return what stands by, with all that it serves by once it takes over."""
    with installed("park serve"), _without_garbage_collection():
        from park_server.serving.standing_by import Standby

    return Standby(settings)


def _web() -> type[Web]:
    """Return what answers for the service: a third of what it imports, loaded in a thread."""
    with (
        installed("park serve"),
        _without_garbage_collection(),
        _in_short_turns(),
        _built_when_used(),
    ):
        from park_server.serving.web import Web

        return Web


@contextmanager
def _in_short_turns() -> Iterator[None]:
    """Have no other thread wait for long that needs Python for a moment: 5 ms else, each time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


@contextmanager
def _built_when_used() -> Iterator[None]:
    """Have pydantic build what FastAPI declares when it is used: the classes of OpenAPI.

    They are for the document that is made when somebody asks for it, and a tenth of the web.
    """
    from pydantic import BaseModel

    BaseModel.model_config["defer_build"] = True
    try:
        yield
    finally:
        del BaseModel.model_config["defer_build"]


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Import without looking for garbage among what stays, now or later: a fifth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
