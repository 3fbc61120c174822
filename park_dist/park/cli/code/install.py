"""``park install``: make the code there be the code here."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from park.cli.options import add_json, add_service, add_set_options, set_options_of, transport_of
from park.cli.output import print_json, print_json_line, say, tell, tell_error

if TYPE_CHECKING:
    from park.client.access.transport import Transport
    from park.client.installs.outcome import InstallOutcome
    from park.errors import ParkError

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park install mymodel               a module that this Python can import
  park install ./mymodel             a source tree
  park install ./demo-1.0-py3-none-any.whl
  park install 'mymodel[fast]'       with what its extra requires
  park install mymodel --with film-plugin   with a project that nothing requires
  park install 'refl1d==1.0.1'       a release, which need not be installed here
  park install mymodel --json        for programs
  park install mymodel --use 3f9c0a1b       run its jobs in that lock of the service instead
  park install mymodel --watch       again at each saved change, until Ctrl-C
--watch is quickest with park-dist[watch]; without it, files are looked at twice a second.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "target",
        metavar="MODULE",
        help="a module, the path of a source tree, wheel, script or bundle, or PROJECT==VERSION",
    )
    parser.add_argument(
        "-w", "--watch", action="store_true", help="install again at each saved change"
    )
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help="return as soon as jobs can run, while bytecode is still being compiled",
    )
    parser.add_argument(
        "--use",
        metavar="LOCK|here",
        help="make no environment: from now on jobs of MODULE run in this one of the service, "
        "until it is installed again, or --use here; `park versions --nearest` lists them",
    )
    add_set_options(parser)
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Install and say what was done."""
    transport = transport_of(options)
    if options.use is not None:
        _use(transport, options)
    elif options.watch:
        _watch(transport, options)
    else:
        _install(transport, options)
    return 0


def _install(transport: Transport, options: argparse.Namespace) -> None:
    from park.client.installs.target_install import install_target
    from park.client.report import reporter

    with reporter() as report:
        outcome = install_target(
            transport,
            options.target,
            set_options_of(options),
            report,
            until_compiled=not options.no_wait,
        )
    if not options.json:
        _print(outcome)
    elif options.watch:  # one line for each install
        print_json_line(asdict(outcome))
    else:
        print_json(asdict(outcome))


def _use(transport: Transport, options: argparse.Namespace) -> None:
    from park.client.installs.used_version import HERE, forget_lock, keep_lock

    if options.use == HERE:
        project = forget_lock(transport, options.target)
        if options.json:
            print_json({"project": project, "version": None, "lock_hash": None})
        else:
            say(f"jobs of {project} run as it is here, at {transport.address.url}")
        return
    used = keep_lock(transport, options.target, options.use)
    if options.json:
        print_json({"project": used.project, "version": used.version, "lock_hash": used.lock_hash})
        return
    what = f"{used.version} on Python {used.python}"
    say(f"jobs of {used.project} run as {what} at {transport.address.url}")
    say(f"lock {used.lock_hash}")
    say(f"`park install {options.target} --use {HERE}` goes back to the version of here")


def _watch(transport: Transport, options: argparse.Namespace) -> None:
    from park.build.cache import user_cache
    from park.build.local_set import local_set
    from park.client.installs.changes import follow
    from park.client.installs.file_watch import watching

    follow(
        partial(local_set, options.target, cache=user_cache(), options=set_options_of(options)),
        partial(_install, transport, options),
        watch=watching,
        tell=tell,
        fail=_fail,
    )


def _fail(error: ParkError) -> None:
    tell_error(error)
    tell("waiting for the next change")


def _print(outcome: InstallOutcome) -> None:
    made = "made" if outcome.realised else "already there"
    say(f"{outcome.project} {outcome.version} on Python {outcome.python}: environment {made}")
    say(f"lock {outcome.lock_hash}", flush=True)
    for change in outcome.added:
        say(f"added by the service's platform: {change}")
