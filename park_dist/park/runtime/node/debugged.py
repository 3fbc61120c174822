"""A job's call in a debugger, on the machine of whoever looks for the fault in it."""

from __future__ import annotations

import bdb
import json
import os
import pdb  # noqa: T100 (this is the debugger)
import sys
import traceback
from types import TracebackType
from typing import Any, NoReturn

from .. import child  # noqa: TID252 (named otherwise in environments)
from ..order import Order  # noqa: TID252 (named otherwise in environments)
from ..outcome import JobProblem  # noqa: TID252 (named otherwise in environments)
from ..preload import add_library  # noqa: TID252 (named otherwise in environments)

__all__ = ["main"]


def main(argument: str) -> NoReturn:
    """Make the call that the JSON ``argument`` names; open pdb where it fails, or at its start.

    ``directory`` is laid out as that of a job (see `..folder`). Leaves with 0 where the call
    returned, else with 1.
    """
    told: dict[str, Any] = json.loads(argument)
    stop_first: bool = told.pop("stop_first")
    order = Order(attempt=1, **told)
    add_library(os.environ.get("PARK_RUNTIME"))
    os.chdir(order.folder.work)
    os.environ |= {
        "PARK_JOB_ID": order.job_id,
        "PARK_JOB_DIRECTORY": order.folder.work,
        "PARK_PROGRESS_FILE": order.folder.progress,
        "PARK_STOP_FILE": order.folder.stop,
    }
    try:
        value = _called(order, stop_first=stop_first)
    except JobProblem as error:
        cause = error.__cause__
        _examined(error if cause is None else cause, f"{error.cause}: {error}")
    except (bdb.BdbQuit, KeyboardInterrupt):
        sys.exit(1)
    except BaseException as error:  # noqa: BLE001 (SystemExit too)
        _examined(error, None)
    print(f"returned {value!r}")  # noqa: T201 (to the terminal that it is for)
    sys.exit(0)


def _called(order: Order, *, stop_first: bool) -> Any:
    function, args, kwargs = child.what_is_called(order)
    if stop_first:
        return child.finished(pdb.Pdb().runcall(function, *args, **kwargs))
    return child.finished(function(*args, **kwargs))


def _examined(error: BaseException, line: str | None) -> NoReturn:
    traceback.print_exception(error.with_traceback(_of_user(error.__traceback__)))
    if line is not None:
        print(line, file=sys.stderr)  # noqa: T201 (to the terminal that it is for)
    pdb.post_mortem(error.__traceback__)
    sys.exit(1)


def _of_user(trace: TracebackType | None) -> TracebackType | None:
    """Return ``trace`` without the frames of this package at its beginning, if others are left."""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    found = trace
    while found is not None and found.tb_frame.f_code.co_filename.startswith(own):
        found = found.tb_next
    return found or trace
