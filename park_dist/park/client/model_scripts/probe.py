"""The program that loads a model script as bumps does, and tells what that took.

It is run in a process of its own (``python -PB -m``), by the interpreter whose environment the
fit is to have: stdin has a request as JSON, and the file that is its argument gets the answer.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["Opened", "load", "main"]

_AT_START = frozenset(sys.modules)
"""What any interpreter of here has: a .pth file may import things that no script asks for."""


class Opened:
    """The files that are opened while it listens: as they are named, with where they are."""

    def __init__(self) -> None:
        self.read: dict[str, str] = {}
        self.written: set[str] = set()
        self.listens = True

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Hear an audit event."""
        if event != "open" or not self.listens or not isinstance(arguments[0], (str, bytes)):
            return
        name = os.fsdecode(arguments[0])
        place = os.path.abspath(name)  # noqa: PTH100 (a hook for each file, and no links followed)
        if (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            self.written.add(place)
        elif place not in self.written:
            self.read.setdefault(place, name)


def load(request: dict[str, Any]) -> dict[str, Any]:
    """Load the script of ``request``; return the answer."""
    opened = Opened()
    sys.addaudithook(opened)
    script = Path(request["script"])
    answer: dict[str, Any] = {}
    try:
        _check(request["options"])
        sys.path.append(str(script.parent))
        problem = _loaded(script, request["arguments"])
        answer |= {"parameters": len(problem.getp()), "name": str(problem.name)}
    except BaseException as error:  # noqa: BLE001 (whatever a script does)
        answer |= {"error": _in_words(error), "line": _line(error, script)}
    opened.listens = False
    return answer | {"modules": _modules(), "opened": opened.read}


def _check(options: list[str]) -> None:
    """Raise `ValueError` for options that this bumps does not take."""
    from importlib import import_module

    parser: Any = import_module("bumps.webview.server.cli").build_arg_parser()

    def error(message: str) -> NoReturn:
        raise ValueError(message)

    parser.error = error
    parser.parse_args(["model.py", *options])


def _loaded(script: Path, arguments: list[str]) -> Any:
    from importlib import import_module
    from importlib.util import find_spec

    if script.suffix != ".py" and find_spec("refl1d"):
        plugin: Any = import_module("refl1d.bumps_interface.fitplugin")
        import_module("bumps.cli").install_plugin(plugin)
    return import_module("bumps.fitproblem").load_problem(script, args=arguments)


def _modules() -> dict[str, str | None]:
    """Return the modules that were imported, with their files."""
    return {
        name: file if isinstance(file := getattr(module, "__file__", None), str) else None
        for name, module in list(sys.modules.items())
        if name not in _AT_START and name not in {"__main__", "__mp_main__", __spec__.name}
    }


def _in_words(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it ends with {error.code}" if error.code else "it ends before it has a problem"
    text = "".join(traceback.format_exception_only(error)).strip()
    return str(error) if type(error) is ValueError else text


def _line(error: BaseException, script: Path) -> int | None:
    """Return the line of the script at which it failed, if it was there."""
    if isinstance(error, SyntaxError) and error.filename == str(script):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((each.lineno for each in reversed(frames) if each.filename == str(script)), None)


def main() -> None:
    """Answer the request on stdin in the file that is named."""
    answer = load(json.load(sys.stdin))
    Path(sys.argv[1]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
