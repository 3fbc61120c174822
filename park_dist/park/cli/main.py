"""``park``: choose the subcommand, run it, and turn every error into words and a status.

Only the chosen subcommand's module is imported, so that starting stays cheap. Commands
that need a service's dependencies come through the entry point group ``park.commands``.
"""

from __future__ import annotations

import argparse
import atexit
import codecs
import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from park import __version__
from park.cli.command_groups import COMMANDS, EXTENSIONS, grouped_help
from park.cli.help_text import HelpFormatter, fitted
from park.cli.output import tell, tell_error, tell_text
from park.cli.parser import Parser
from park.cli.seldom import load_when_used
from park.errors import ParkError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["EXIT_CODES", "command", "command_parsers", "main", "parser_for", "whole_parser"]

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

_ROOMS = {
    "code": ("build", "bundle", "env", "index", "install", "lock", "publish", "versions"),
    "jobs": (
        "cancel",
        "explain",
        "fit",
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
    "replay": ("debug", "export", "reproduce"),
    "services": (
        "admin",
        "agent",
        "doctor",
        "files",
        "grants",
        "init",
        "login",
        "logout",
        "service",
        "queues",
        "share",
        "usage",
        "token",
    ),
}
_MODULES = {name: f"park.cli.{room}.{name}" for room, names in _ROOMS.items() for name in names} | {
    "completion": "park.cli.completion"
}


_COLLECTED_AFTER = 50_000
"""Objects made before what refers to itself is looked for: most commands end with fewer, and what
they import is looked through some forty times else."""


def command() -> NoReturn:
    """Be the program `park`: run the command line, and end the process with its status."""
    load_when_used()
    if sys.argv[1:2] != ["completion"]:  # a shell waits for that, and it makes no records
        from park.cli.late_methods import compile_when_called

        compile_when_called()
    gc.set_threshold(_COLLECTED_AFTER, *gc.get_threshold()[1:])
    _leave(main())


def _leave(status: int) -> NoReturn:
    """End as an interpreter does: wait for threads, run exit handlers, flush.

    But for the modules, which it would take apart one by one.
    """
    with suppress(KeyboardInterrupt):
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 (as multiprocessing)
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # it may stand anywhere, also behind the words of a subcommand's own subcommand
    debug = "--debug" in given
    given = [word for word in given if word != "--debug"]
    if given[:1] == ["help"]:  # as git and others have it
        given = [*given[1:], "--help"]
    _print_whatever_there_is()
    try:
        _require_command_first(given)
        chosen = next((word for word in given if not word.startswith("-")), None)
        # the parsers of fifty other commands take half as long as to start an interpreter
        among = [name for name in COMMANDS if name == chosen] or COMMANDS
        options = _parser({chosen}, among).parse_args(given) if given else None
        status = _greeted() if options is None else options.run(options)
        sys.stdout.flush()
    except ParkError as error:
        return _failed(error, debug=debug)
    except KeyboardInterrupt:
        tell("interrupted")
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
    if arguments is None:
        gc.freeze()  # the process ends: what it has made goes with it, and is not looked through
    return int(status)


def _require_command_first(given: Sequence[str]) -> None:
    """Raise `UsageError` where an option of a command stands in front of it."""
    first = next(iter(given), "")
    command = next((word for word in given if word in COMMANDS), None)
    if first.startswith("-") and first not in {"-h", "--help", "--version", "--"} and command:
        raise UsageError(
            f"{first} stands in front of the command",
            hint=f"options come behind it: park {command} {first} …",
        )


def _greeted() -> int:
    """Print what there is, to who says nothing, and what to do first; a usage error as any."""
    import shutil  # what commands do without

    from park.client.access.first_steps import FIRST_STEPS, has_a_service

    text = _parser(()).format_help()
    first_steps = fitted(FIRST_STEPS, shutil.get_terminal_size().columns)
    tell_text(text if has_a_service() else f"{text}\n{first_steps}\n")
    return UsageError.exit_code


def _print_whatever_there_is() -> None:
    """Let names that are no UTF-8 (PEP 383) come out as the bytes that they are, as `ls` has it.

    On a terminal they come out as numbers, which is as `ls` has it as well.

    And what the locale has no letter for as its number, which is right within JSON as well: a
    terminal of another country, or a pipe on Windows, is no reason to end.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        codecs.register_error("park", _encoded)
        reconfigure(errors="park")


def _encoded(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    pieces = []
    for letter in error.object[error.start : error.end]:
        if "\udc80" <= letter <= "\udcff":  # a byte that is no UTF-8
            byte = letter.encode("utf-8", "surrogateescape")
            # of a terminal nobody knows which letters it has, and which bytes it obeys
            pieces.append(rf"\x{byte.hex()}".encode() if sys.stdout.isatty() else byte)
        else:
            units = letter.encode("utf-16-be", "surrogatepass").hex()
            pieces.extend(f"\\u{units[at : at + 4]}".encode() for at in range(0, len(units), 4))
    return b"".join(pieces), error.end


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the complete parser of each subcommand, for documentation."""
    parsers: dict[str, argparse.ArgumentParser] = {
        name: Parser(prog=f"park {name}") for name in COMMANDS
    }
    for name, parser in parsers.items():
        _configure(parser, name)
    return parsers


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser of everything that is installed here, for shells to complete."""
    return _parser(name for name in COMMANDS if name not in EXTENSIONS or _entry_point(name))


def parser_for(command: str | None) -> argparse.ArgumentParser:
    """Return the parser in which ``command``, if there is one of that name, has its arguments."""
    return _parser({command} if command in COMMANDS else ())


def _parser(
    chosen: Iterable[str | None], among: Iterable[str] = COMMANDS
) -> argparse.ArgumentParser:
    """Return the parser in which the commands ``chosen`` have their arguments.

    It knows the commands ``among``.
    """
    complete = set(chosen)
    parser = Parser(
        prog="park",
        description="Run the code and the versions of here on compute services.",
        usage="park [--debug] COMMAND ...",
        formatter_class=HelpFormatter,
    )
    parser.below = _epilog
    parser.add_argument("--version", action="version", version=f"park {__version__}")
    parser.add_argument("--debug", action="store_true", help="show tracebacks of park itself")
    commands = parser.add_subparsers(
        dest="command", required=True, prog="park", metavar="COMMAND", help=argparse.SUPPRESS
    )
    for name in among:
        command = commands.add_parser(name, help=COMMANDS[name])
        if name in complete:
            _configure(command, name)
    return parser


def _epilog() -> str:
    statuses = "; ".join(f"{code} {text}" for code, text in EXIT_CODES.items())
    more = "park COMMAND --help says more of each"
    return f"{grouped_help()}\n\n{more}\n\nexit status: {statuses}"


def _configure(parser: argparse.ArgumentParser, name: str) -> None:
    """Give ``parser`` all that the subcommand ``name`` takes."""
    module = _module(name)
    text = COMMANDS[name]
    parser.description = f"{text[0].upper()}{text[1:]}."
    parser.epilog = module.EXAMPLES
    parser.formatter_class = HelpFormatter
    module.configure(parser)
    parser.set_defaults(run=module.run)


def _module(name: str) -> ModuleType:
    if name not in EXTENSIONS:
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
    """Print ``error`` on stderr; return its status."""
    if debug:
        import traceback

        tell_text(traceback.format_exc())
    tell_error(error)
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
