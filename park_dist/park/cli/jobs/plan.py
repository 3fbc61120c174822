"""``park plan``: what a script would run and install, where, and waiting for what."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from park.cli.options import add_json
from park.cli.output import print_json, say_text
from park.errors import ParkError, UsageError

if TYPE_CHECKING:
    from park.drawing.plan import Plan

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park plan workflow.py
  park plan workflow.py --sample film      what follows the script is for the script
The script runs here, to its end or to where it needs a result. No service is told of its
jobs. What it prints goes to stderr.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_json(parser)
    parser.add_argument("script", type=Path, metavar="SCRIPT", help="a Python file")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT", help="for the script"
    )


def run(options: argparse.Namespace) -> int:
    """Run the script in a plan, and print that."""
    from park.drawing.plan import Plan

    if not options.script.is_file():
        raise _no_script(options.script, options.arguments)
    plan = Plan(everywhere=True)
    with redirect_stdout(sys.stderr), _as_the_script(options.script, options.arguments):
        _planned(plan, options.script)
    if options.json:
        print_json(plan.as_json())
    else:
        say_text(f"{plan}\n")
    return 0


def _no_script(script: Path, arguments: list[str]) -> UsageError:
    from park.cli.typed_arguments import options_meant

    hint = "name a Python file that submits jobs: park plan workflow.py"
    if ":" in script.name:
        call = " ".join(filter(None, [str(script), options_meant(arguments)]))
        hint = f"a plan is of a script that submits jobs; a function runs by: park run {call}"
    return UsageError(
        f"{script} is a folder, and no script" if script.is_dir() else f"no script {script}",
        hint=hint,
    )


@contextmanager
def _as_the_script(script: Path, arguments: list[str]) -> Iterator[None]:
    """Give the script its own arguments, and its folder to import from."""
    argv, path = sys.argv, sys.path
    sys.argv, sys.path = [str(script), *arguments], [str(script.resolve().parent), *sys.path]
    try:
        yield
    finally:
        sys.argv, sys.path = argv, path


def _planned(plan: Plan, script: Path) -> None:
    try:
        with plan:
            runpy.run_path(str(script), run_name="__main__")
    except SystemExit as end:
        if end.code not in {None, 0}:
            raise UsageError(f"{script} ended itself: {end.code}") from end
    except ParkError:
        raise
    except Exception as error:
        where = _line_of(error, script)
        raise UsageError(
            f"{where} failed: {type(error).__name__}: {error}",
            hint="the same with --debug shows the traceback",
        ) from error


def _line_of(error: BaseException, script: Path) -> str:
    """Return the last place in ``script`` on the way to ``error``."""
    found, trace = str(script), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(script):
            found = f"{script}, line {trace.tb_lineno},"
        trace = trace.tb_next
    return found
