"""Options that several subcommands share, and how their values are read."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from park.cli.option_types import time_limit
from park.cli.resource_options import add_resources, asked_of
from park.errors import UsageError

if TYPE_CHECKING:
    from park.client.access.transport import Transport
    from park.client.service import Service
    from park.local.set_options import SetOptions

__all__ = [
    "NEWEST",
    "add_action",
    "add_all",
    "add_environment",
    "add_jobs",
    "add_json",
    "add_limits",
    "add_service",
    "add_set_options",
    "add_submission",
    "arguments_of",
    "service_of",
    "set_options_of",
    "submitted",
    "transport_of",
]

NEWEST = 10
"""Releases, and edits, of each project that a listing shows: each edit of a model is a version."""


def add_service(parser: argparse._ActionsContainer) -> None:
    """Add ``--service``."""
    parser.add_argument(
        "-s",
        "--service",
        metavar="NAME|URL",
        help="the service (else PARK_SERVICE, the configured default, or the one of this machine)",
    )
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="send your token there by plain HTTP, for whoever is on the way to read",
    )


def add_set_options(parser: argparse.ArgumentParser) -> None:
    """Add what is said of a requirement set besides its module."""
    parser.add_argument(
        "--with",
        dest="with_",
        action="append",
        default=[],
        metavar="NAME",
        help="take along what is installed here although nothing requires it: a plugin, an "
        "undeclared import, a package with files that were edited here, an extra (mymodel[fast])",
    )
    parser.add_argument(
        "--as-installed",
        action="store_true",
        help="where what is installed here contradicts itself, take the versions as they are",
    )


def set_options_of(options: argparse.Namespace) -> SetOptions:
    """Return what `add_set_options` has read."""
    from park.local.set_options import set_options

    return set_options(options.with_, as_installed=options.as_installed)


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add the jobs whose workflow is meant, if not the newest one."""
    parser.add_argument(
        "job",
        nargs="*",
        metavar="JOB",
        help="the id of a job, or its end (without any: your newest workflow)",
    )


def add_all(parser: argparse.ArgumentParser) -> None:
    """Add ``--all``, of a listing that is folded."""
    parser.add_argument(
        "--all",
        action="store_true",
        help=f"also those older than the newest {NEWEST} releases and {NEWEST} edits of a project",
    )


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    act: Callable[..., None],
) -> argparse.ArgumentParser:
    """Add an action of a subcommand, which takes a service and prints JSON on demand."""
    parser = actions.add_parser(name, help=text)
    add_service(parser)
    add_json(parser)
    parser.set_defaults(act=act)
    return parser


def service_of(options: argparse.Namespace) -> Service:
    """Return the service that the options mean."""
    from park.client.service import Service

    return Service(transport_of(options))


def transport_of(options: argparse.Namespace) -> Transport:
    """Return the way to the service that the options mean, without all that a handle can do."""
    from park.client.access.address import find_service
    from park.client.access.transport import Transport
    from park.client.voice import of_command

    transport = Transport(find_service(options.service, insecure=options.insecure))
    transport.first_contact_s = 0.0  # a person sees at once that nobody answers
    transport.voice = of_command()
    return transport


def add_submission(parser: argparse.ArgumentParser) -> None:
    """Add all that a command which submits a job takes."""
    _add_job_options(parser)
    add_service(parser)
    add_json(parser)


def _add_job_options(parser: argparse.ArgumentParser) -> None:
    """Add what describes a job: its entry point, its arguments, its environment."""
    parser.add_argument(
        "requirement",
        nargs="*",
        default=[],
        metavar="REQUIREMENT",
        help="what the environment is to have besides: PROJECT==VERSION is resolved by the "
        "service and need not be installed here; mymodel[fast] is taken from here",
    )
    parser.add_argument(
        "entry_point", metavar="MODULE:FUNCTION", help="an importable callable: mymodel:fit"
    )
    parser.add_argument(
        "-a",
        "--arg",
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="an argument by name, its value as JSON: --arg n=2000 --arg 'label=\"film\"'",
    )
    parser.add_argument(
        "-f",
        "--file",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a local file as an argument: the job gets the path of its copy there",
    )
    parser.add_argument(
        "--service-file",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a file on the service as an argument: 'data=~/run.zip', 'data=/snsdata/run.zip'",
    )
    add_environment(parser)
    add_limits(parser)


def add_environment(parser: argparse.ArgumentParser) -> None:
    """Add what chooses the environment of a job."""
    parser.add_argument(
        "--lock",
        metavar="HASH",
        help="run in the environment of this lock (a prefix will do) in place of the one "
        "that matches what is installed here",
    )
    parser.add_argument(
        "--offer",
        metavar="PROJECT",
        help="run in the environment that the operator keeps ready for this project "
        "(or PROJECT==VERSION); it need not be installed here",
    )
    parser.add_argument(
        "--install",
        choices=["auto", "never"],
        default="auto",
        help="where the service lacks what is installed here: install it first (auto), or say "
        "how it differs and stop (never)",
    )
    parser.add_argument(
        "--versions",
        choices=["exact", "compatible", "nearest", "ask"],
        default="exact",
        help="where the service does not take the version of here: run in none (exact), in one "
        "that is the same in all that the job imports (compatible), in the nearest, or ask",
    )
    add_set_options(parser)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add what is said of a job besides its call and its environment."""
    parser.add_argument(
        "--label", metavar="TEXT", help="what you call it, in `park jobs` and wherever it is shown"
    )
    parser.add_argument(
        "--timeout", type=time_limit, metavar="TIME", help="how long it may run: 90 (s), 10m, 2h"
    )
    parser.add_argument(
        "--stalled-after",
        type=time_limit,
        metavar="TIME",
        help="how long it may say nothing of its progress; then it is asked to stop, and ended",
    )
    add_resources(parser)
    parser.add_argument(
        "--restartable",
        action="store_true",
        default=None,
        help="it may run again from the beginning if its process is lost",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="in a fresh interpreter, not forked from a warm one"
    )
    parser.add_argument(
        "--no-memo",
        action="store_false",
        dest="memo",
        default=None,
        help="run it whatever the same call left before",
    )


def arguments_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the job's arguments by name; raises `UsageError` naming the one that is wrong."""
    from park.client.submission.files import File, service_file

    arguments: dict[str, Any] = {}
    for text in options.arg:
        name, value = _assignment("--arg", text)
        arguments[name] = _json_value(name, value)
    for text in options.file:
        name, value = _assignment("--file", text)
        arguments[name] = File(value)
    for text in options.service_file:
        name, value = _assignment("--service-file", text)
        arguments[name] = service_file(value)
    return arguments


def _assignment(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"{option} {text!r} is not of the form NAME=VALUE")
    return name, value


def _json_value(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise UsageError(
            f"--arg {name}: {value!r} is not JSON ({error})", hint=_meant(name, value)
        ) from error


def _meant(name: str, value: str) -> str:
    from park.cli.typed_arguments import json_meant

    text = f"a text needs its quotes: --arg '{name}={json.dumps(value)}'"
    meant = json_meant(value)
    if meant is None:
        return text
    return f"JSON writes it {meant}: --arg {shlex.quote(f'{name}={meant}')}; {text}"


def submitted(service: Service, options: argparse.Namespace) -> Any:
    """Submit the job that the options describe and return its handle; the service has it then."""
    from park.client.report import reporter

    taken, required = _besides(options.requirement, options.entry_point)
    service.wanted_versions = options.versions
    with reporter() as report:
        job = service.submit(
            options.entry_point,
            arguments=arguments_of(options),
            lock=options.lock,
            offer=options.offer,
            install=options.install,
            with_=[*taken, *options.with_],
            requires=required,
            as_installed=options.as_installed,
            timeout=options.timeout,
            stalled_after=options.stalled_after,
            **asked_of(options),
            restartable=options.restartable,
            fresh=options.fresh,
            label=options.label,
            memo=options.memo,
            report=report,
        )
        job.confirm()
        return job


_ENTRY_POINT = re.compile(r"[\w./\\-]+:[\w.]+")
"""What stands before the last word and is no requirement: the words behind it are arguments."""


def _refuse_entry_point(text: str, behind: list[str]) -> None:
    if _ENTRY_POINT.fullmatch(text):
        from park.cli.typed_arguments import options_meant

        raise UsageError(
            f"words stand behind {text}, which is an entry point and not a requirement",
            hint=f"its arguments are given by name: {text} {options_meant(behind)}",
        )


def _besides(texts: list[str], last: str) -> tuple[list[str], list[str]]:
    """Return which of the ``texts`` are taken from here, and which the service resolves.

    They stand before the ``last`` word, the entry point.

    What says a version, and what is not installed here, is the service's to resolve.
    """
    if not texts:
        return [], []
    from packaging.utils import canonicalize_name

    from park.local.distributions import look_up
    from park.local.set_options import parsed_requirement

    taken: list[str] = []
    required: list[str] = []
    for number, text in enumerate(texts, 1):
        _refuse_entry_point(text, [*texts[number:], last])
        requirement = parsed_requirement(text)
        is_here = not requirement.specifier and look_up(canonicalize_name(requirement.name))
        (taken if is_here else required).append(text)
    return taken, required
