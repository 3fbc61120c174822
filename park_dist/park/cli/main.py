"""``park``: choose the subcommand, run it, and turn every error into words and a status.

Only the chosen subcommand's module is imported, so that starting stays cheap. Commands
that need a service's dependencies come through the entry point group ``park.commands``.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from park import __version__
from park.cli.parser import Parser
from park.errors import ParkError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["EXIT_CODES", "command_parsers", "main", "whole_parser"]

EXIT_CODES = {
    0: "done",
    1: "the job failed, or park itself did",
    2: "usage: the request is wrong",
    3: "the service cannot be reached",
    4: "not permitted",
    5: "valid, but cannot be satisfied here",
    130: "interrupted",
}
"""The exit statuses of every subcommand; each error class of `park.errors` has one of them."""

_INTERRUPTED = 128 + signal.SIGINT
"""As shells have it."""

_COMMANDS = {
    "install": "build the local package, upload it, and make its environment on the service",
    "build": "build the local package's wheel, and say what is in it and why; needs no service",
    "lock": "print what is installed here for a package as a lock (PEP 751); needs no service",
    "bundle": "write the local package and all that it needs into one file, for offline use",
    "env": "list, compare, verify, keep and remove the environments of the service",
    "versions": "list the versions that the service has, and how each differs from here",
    "run": "submit a job, follow it, and print its result",
    "submit": "submit a job and print its id",
    "status": "show the state of a job",
    "explain": "say why a job ran, or why it did not have to",
    "memo": "list, count and forget what the service remembers of your calls",
    "why": "say why a job is not running, or why it failed or was cancelled",
    "graph": "show a workflow: as a tree of text, as a picture, or for Graphviz",
    "watch": "follow a workflow to its end",
    "plan": "say what a script would run and install where, without doing it",
    "logs": "print what a job wrote to stdout and stderr",
    "result": "wait for a job and print its result",
    "get": "fetch a file that a job left",
    "cancel": "cancel a job",
    "jobs": "list your jobs",
    "pin": "keep jobs, with their results, logs and files, whatever the policy of the service",
    "unpin": "let pinned jobs go like any other",
    "rm": "remove jobs that have ended, with their results, logs and files",
    "files": "list, send, fetch and remove the files that you keep on the service",
    "admin": "as the operator: keep projects ready, see what a service takes, remove what is old",
    "doctor": "check this Python, the configuration, the service, versions and clock",
    "completion": "print the completion of a shell: bash, zsh or fish",
    "index": "list what the index of a service holds; claim, yank and remove",
    "service": "name the services that you use",
    "serve": "run a service here (needs park-dist[server])",
}

_ROOMS = {
    "code": ("build", "bundle", "env", "index", "install", "lock", "versions"),
    "jobs": (
        "cancel",
        "explain",
        "get",
        "graph",
        "jobs",
        "logs",
        "memo",
        "pin",
        "plan",
        "result",
        "rm",
        "run",
        "status",
        "submit",
        "unpin",
        "watch",
        "why",
    ),
    "services": ("admin", "doctor", "files", "service"),
}
_MODULES = {name: f"park.cli.{room}.{name}" for room, names in _ROOMS.items() for name in names} | {
    "completion": "park.cli.completion"
}

_EXTENSIONS = frozenset({"serve"})
"""Commands that another package of the distribution provides by entry point."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # it may stand anywhere, also behind the words of a subcommand's own subcommand
    debug = "--debug" in given
    given = [word for word in given if word != "--debug"]
    _print_names_as_they_are()
    try:
        chosen = next((word for word in given if not word.startswith("-")), None)
        options = _parser({chosen}).parse_args(given)
        status = options.run(options)
        sys.stdout.flush()
    except ParkError as error:
        return _failed(error, debug=debug)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has enough; keep the interpreter from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _failed(_in_words(error), debug=debug)
    except Exception as error:  # noqa: BLE001 (no traceback reaches a person unasked)
        defect = ParkError(
            f"park failed: {type(error).__name__}: {error}",
            hint="this is a defect of park; the same with --debug shows where",
        )
        return _failed(defect, debug=debug)
    return int(status)


def _print_names_as_they_are() -> None:
    """Let names that are no UTF-8 (PEP 383) come out as the bytes that they are, as `ls` has it."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="surrogateescape")


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the complete parser of each subcommand, for documentation."""
    parsers: dict[str, argparse.ArgumentParser] = {
        name: Parser(prog=f"park {name}") for name in _COMMANDS
    }
    for name, parser in parsers.items():
        _configure(parser, name)
    return parsers


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser of everything that is installed here, for shells to complete."""
    return _parser(name for name in _COMMANDS if name not in _EXTENSIONS or _entry_point(name))


def _parser(chosen: Iterable[str | None]) -> argparse.ArgumentParser:
    """Return the parser in which the commands ``chosen`` have their arguments."""
    complete = set(chosen)
    parser = Parser(
        prog="park",
        description="Run the code and the versions of here on compute services.",
        epilog="exit status: " + "; ".join(f"{code} {text}" for code, text in EXIT_CODES.items()),
    )
    parser.add_argument("--version", action="version", version=f"park {__version__}")
    parser.add_argument("--debug", action="store_true", help="show tracebacks of park itself")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in _COMMANDS.items():
        command = commands.add_parser(name, help=text)
        if name in complete:
            _configure(command, name)
    return parser


def _configure(parser: argparse.ArgumentParser, name: str) -> None:
    """Give ``parser`` all that the subcommand ``name`` takes."""
    module = _module(name)
    text = _COMMANDS[name]
    parser.description = f"{text[0].upper()}{text[1:]}."
    parser.epilog = module.EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    module.configure(parser)
    parser.set_defaults(run=module.run)


def _module(name: str) -> ModuleType:
    if name not in _EXTENSIONS:
        return importlib.import_module(_MODULES[name])
    found = _entry_point(name)
    if found is None:
        raise UsageError(
            f"no command {name!r} is installed", hint="pip install 'park-dist[server]'"
        )
    module = found.load()
    if not isinstance(module, ModuleType):
        raise TypeError(f"the entry point of {name} is no module")
    return module


def _entry_point(name: str) -> EntryPoint | None:
    from importlib.metadata import entry_points

    return next(iter(entry_points(group="park.commands", name=name)), None)


def _in_words(error: OSError) -> ParkError:
    """Return what a disk or a folder refused, which is seldom a defect of park."""
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return ParkError(
        f"cannot go on: {what}",
        hint="see that it exists, has room, and may be written to; PARK_CONFIG, PARK_CACHE_DIR "
        "and PARK_STATE_DIR put park's own files elsewhere",
    )


def _failed(error: ParkError, *, debug: bool) -> int:
    """Print ``error`` and its hint on stderr, several lines as they are; return its status."""
    if debug:
        traceback.print_exc()
    hint = f"hint: {error.hint}\n" if error.hint else ""
    sys.stderr.write(f"park: error: {error.message}\n{hint}")  # in one write, also beside threads
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
