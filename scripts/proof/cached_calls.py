"""Call functions through joblib or redun, in a process of its own, and say which were run."""

from __future__ import annotations

import contextlib
import importlib
import json
import site
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

Call = Callable[[Callable[..., Any], list[Any]], Any]


def main(system: str, folder: str, cache: str, calls: str) -> None:
    """Print, as JSON, whether each of ``calls`` was run."""
    site.addsitedir(folder)
    sys.path.insert(0, folder)  # before what the systems brought themselves
    call = {"joblib": by_joblib, "redun": by_redun}[system](Path(cache))
    found = {name: was_run(call, *each) for name, each in json.loads(calls).items()}
    print(f"\n{json.dumps(found)}")


def was_run(call: Call, entry_point: str, *arguments: Any) -> bool:
    """Tell whether the function's own code was run; an error means that it was."""
    module, _, name = entry_point.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except Exception:  # noqa: BLE001 (an edit may break an import: then nothing stale comes back)
        return True
    seen: set[CodeType] = set()

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen.add(frame.f_code)

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            call(function, list(arguments))
    except Exception:  # noqa: BLE001 (see above)
        return True
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return function.__code__ in seen


def by_joblib(cache: Path) -> Call:
    """Return what calls through `joblib.Memory`."""
    joblib = importlib.import_module("joblib")  # of the proof's own virtualenv
    memory = joblib.Memory(cache, verbose=0)
    return lambda function, arguments: memory.cache(function)(*arguments)


def by_redun(cache: Path) -> Call:
    """Return what calls through a redun scheduler with a database on the disk."""
    redun = importlib.import_module("redun")
    cache.mkdir(parents=True, exist_ok=True)
    config = importlib.import_module("redun.config").Config(
        {"backend": {"db_uri": f"sqlite:///{cache}/redun.db"}}
    )

    def call(function: Callable[..., Any], arguments: list[Any]) -> Any:
        scheduler = redun.Scheduler(config=config)
        scheduler.load()
        task = redun.task(name=function.__name__, namespace="proof")(function)
        return scheduler.run(task(*arguments))

    return call


if __name__ == "__main__":
    main(*sys.argv[1:])
