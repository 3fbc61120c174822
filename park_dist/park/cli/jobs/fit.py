"""``park fit``: fit a model script on a service, with the options of ``bumps``."""

from __future__ import annotations

import argparse
from typing import Any

from park.cli.jobs.run import finished
from park.cli.options import add_environment, add_json, add_limits, add_service, service_of
from park.cli.output import print_json, say, tell
from park.cli.parser import Parser
from park.cli.resource_options import asked_of

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park fit model.py --fit=dream --samples=20000 --store=T1   as bumps model.py has it
  park fit model.py --method dream --steps 500 --seed 3
  park fit model.py -- sample.dat 0.3                        arguments of the script itself
  park fit model.py --files 'runs/*.h5'                      files that are not opened at first
  park fit model.py --fit=dream --resume 0199…               go on from an earlier fit
What the script opens and imports goes along; it is loaded here first to see that. bumps leaves
its session and its export: `park get JOB model.h5`, then bumps --session=model.h5.
"""

_FITTING: tuple[tuple[str, type, str], ...] = (
    ("steps", int, "the most steps; of dream, after the burn-in"),
    ("samples", str, "samples to draw (dream)"),
    ("burn", int, "steps of burn-in (dream)"),
    ("pop", float, "population, times the parameters (dream, de); negative: as it is"),
    ("init", str, "the first population: eps, lhs, cov or random (dream)"),
    ("thin", int, "steps between samples (dream)"),
    ("alpha", float, "convergence criterion (dream)"),
    ("outliers", str, "test for outlying chains (dream)"),
    ("CR", float, "crossover ratio (de)"),
    ("F", float, "scale of a step (de)"),
    ("xtol", float, "tolerance of the parameters"),
    ("ftol", float, "tolerance of the cost"),
    ("radius", float, "radius of the first simplex (amoeba)"),
    ("starts", int, "times to start anew"),
    ("jump", float, "how far from the last minimum to start anew"),
    ("time", float, "the most hours"),
    ("seed", int, "the seed of random numbers"),
    ("parallel", int, "processes that evaluate the model (1)"),
    ("pars", str, "start from the parameters of this file"),
    ("noise", float, "percent of noise for simulated data"),
    ("session", str, "the session file to leave (the script's name with .h5)"),
    ("write-session", str, "the same"),
    ("checkpoint", int, "seconds between saves of the session"),
    ("serializer", str, "how the problem is kept in the session"),
    ("entropy", str, "compute the entropy: gmm, mvn, wnn or llf (dream)"),
    ("loglevel", str, "what bumps writes to the log"),
)
"""The options of bumps 1.0 that take a value; those of its browser are no fit's."""

_FLAGS: tuple[tuple[str, str], ...] = (
    ("trim", "leave out samples from before the chains converged (dream)"),
    ("simulate", "fit data that are simulated from the model"),
    ("simrandom", "the same from random parameters"),
    ("shake", "begin at random parameters"),
)
_SHOWN: tuple[tuple[str, str], ...] = (
    ("err", "print uncertainties from the covariance"),
    ("cov", "print the covariance matrix"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.allow_abbrev = False
    if isinstance(parser, Parser):
        parser.rest = "args"
    parser.add_argument("script", metavar="SCRIPT", help="a model script, as bumps takes it")
    parser.add_argument(
        "--args",
        dest="named_args",
        nargs="*",
        default=[],
        metavar="ARG",
        help="arguments of the script itself, as bumps has it; they may stand behind -- as well",
    )
    _add_fitting(parser)
    parser.add_argument(
        "--files",
        action="append",
        default=[],
        metavar="PATTERN",
        help="files of the script's folder that it needs and does not open when it is loaded",
    )
    parser.add_argument(
        "--resume",
        metavar="JOB",
        help="go on from an earlier fit, or from the session of bumps in the file of this name",
    )
    parser.add_argument(
        "--good-enough",
        type=float,
        metavar="CHISQ",
        help="stop between two steps, with the best point, once chisq is below it",
    )
    parser.add_argument(
        "--detach", action="store_true", help="print the id of the job, and do not follow it"
    )
    add_environment(parser)
    add_limits(parser)
    parser.add_argument(
        "--retries", type=int, metavar="N", help="how often it may run again after it failed"
    )
    add_service(parser)
    add_json(parser)


def _add_fitting(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("options of bumps")
    group.add_argument(
        "--fit", "--method", dest="of_bumps_fit", metavar="FITTER", help="the fitter"
    )
    group.add_argument(
        "--export", "--store", dest="of_bumps_export", metavar="DIR", help="the folder to leave (.)"
    )
    for name, kind, text in _FITTING:
        group.add_argument(
            f"--{name}", dest=f"of_bumps_{name}", type=kind, metavar=name.upper(), help=text
        )
    for name, text in _FLAGS:
        group.add_argument(
            f"--{name}",
            dest=f"of_bumps_{name}",
            action=argparse.BooleanOptionalAction,
            default=None,
            help=text,
        )
    for name, text in _SHOWN:
        group.add_argument(
            f"--{name}", dest=f"of_bumps_{name}", action="store_true", default=None, help=text
        )
    group.add_argument("-b", "--batch", action="store_true", help="as it always is, here")


def of_bumps(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of the fit itself."""
    return {
        name.removeprefix("of_bumps_"): value
        for name, value in vars(options).items()
        if name.startswith("of_bumps_") and value is not None
    }


def run(options: argparse.Namespace) -> int:
    """Submit and follow it, and print the result; the status is 1 where it did not complete."""
    from park.client.model_fit import Fit
    from park.client.report import reporter

    service = service_of(options)
    with reporter() as report:
        job = Fit(
            options.script,
            service=service,
            lock=options.lock,
            offer=options.offer,
            install=options.install,
            with_=options.with_,
            as_installed=options.as_installed,
            timeout=options.timeout,
            stalled_after=options.stalled_after,
            good_enough=options.good_enough,
            memo=options.memo,
            **asked_of(options),
            restartable=options.restartable,
            retries=options.retries,
            fresh=options.fresh,
            label=options.label,
            report=report,
            args=[*options.named_args, *options.args],
            files=options.files,
            resume=_resumed(service, options.resume),
            **of_bumps(options),
        )
        job.confirm()
    if options.detach:
        print_json({"id": job.id}) if options.json else say(job.id)
        return 0
    tell(f"job {job.id}")
    return finished(job, as_json=options.json)


def _resumed(service: Any, text: str | None) -> Any:
    """Return the earlier fit that ``text`` means: a file that is here, else a job."""
    from pathlib import Path

    if text is None or Path(text).is_file():
        return text
    return service.job(text)
