"""``park serve``: run a service until it is told to stop."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from park_server.assembly.start_stages import Stages, said
from park_server.log_lines.setup import LEVELS, LogFormat, configure_logs
from park_server.samples.printed import SAMPLES, PrintSample
from park_server.serving.service_imports import installed, loaded, loaded_standby

if TYPE_CHECKING:
    from park_server.assembly.frame import Serve

__all__ = ["EXAMPLES", "administer", "configure", "run"]

EXAMPLES = """examples:
  park serve --home ~/park-service
  park serve --home /srv/park --host 0.0.0.0 --port 8750
  park serve --home DIR --port 0 --ready-file F     any free port; F says which
  park serve --home DIR --host lab.example.org --tls-certificate lab.pem --tls-key lab.key
  park serve --home DIR --database postgresql+psycopg://park@db.lab.example/park
  park serve --home DIR --upstream none             without an index upstream (air-gapped)
  park serve --home DIR --index http://pypi.lab.example/simple/ --index-login FILE
                                                    released projects live there, not here
  park serve --home DIR --index pypiserver:/srv/wheels
                                                    … or in a folder of wheels

The token is in DIR/token, for its owner only. On SIGTERM the service stops; jobs that
run go on, and are found again when it is started on the same home.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--home", type=Path, required=True, metavar="DIR", help="where all is kept")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="keep the state there, and not in the home: postgresql+psycopg://user@host/name (else "
        "as the file `database` of the home says); its password comes from ~/.pgpass, PGPASSWORD "
        "or --database-password",
    )
    parser.add_argument(
        "--database-password", type=Path, metavar="FILE", help="a file with the password for it"
    )
    parser.add_argument(
        "--standby",
        action="store_true",
        help="where another service has that home, hand on to it what is asked here, and serve in "
        "its place once it has ended",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8750, help="port; 0 takes a free one (8750)")
    parser.add_argument(
        "--url",
        metavar="URL",
        help="where users reach the service, if that is not where it listens: behind a proxy",
    )
    parser.add_argument(
        "--tls-certificate",
        type=Path,
        metavar="FILE",
        help="speak TLS with this certificate and those below its authority (PEM)",
    )
    parser.add_argument(
        "--tls-key", type=Path, metavar="FILE", help="its key, where that is in a file of its own"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name or address under which the service is asked, besides --url, --host "
        "and the machine's own",
    )
    parser.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="an address or network (CIDR) of proxies whose X-Forwarded-For, -Proto and -Host "
        "are believed; nobody's else are",
    )
    parser.add_argument(
        "--ready-file", type=Path, metavar="F", help="written once it serves: url, pid, token_file"
    )
    parser.add_argument(
        "--upstream",
        metavar="URL",
        help="the simple index behind this one, or none (else the machine's own setting for pip "
        "or uv, else PyPI)",
    )
    parser.add_argument(
        "--index",
        metavar="URL|pypiserver:DIR",
        help="the simple API of an index (pypiserver, devpi, …) that has the released projects "
        "in place of the embedded one; working trees stay here. pypiserver:DIR is a folder of "
        "wheels, filled by hand or by rsync, on which the service runs pypiserver itself",
    )
    parser.add_argument(
        "--index-upload",
        metavar="URL",
        help="where that index takes uploads (found from --index for pypiserver and devpi)",
    )
    parser.add_argument(
        "--index-login", type=Path, metavar="FILE", help="a file with user:password for it"
    )
    parser.add_argument(
        "--resolver",
        choices=["uv", "pip"],
        default="uv",
        help="what finds, for the pins of a client, all that they need here (uv; pip is slower)",
    )
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a folder that every user may read as /NAME/…, an instrument's data for example",
    )
    parser.add_argument(
        "--allow-address",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="an address, network (CIDR) or host name that users may have the service talk to "
        "although it is not public: another service of the house for example; with a port "
        "(10.1.0.7:8443, [fd00::7]:8443), at that port alone",
    )
    parser.add_argument(
        "--fetch-limit",
        default="20G",
        metavar="SIZE",
        help="the largest file that is fetched by URL for a user (20G)",
    )
    parser.add_argument(
        "--pool",
        action="append",
        default=[],
        metavar="NAME=COUNT",
        help="a resource of which there are COUNT, taken by jobs that ask for it while they "
        "run: --pool license:fitter=2",
    )
    parser.add_argument(
        "--slots",
        type=int,
        metavar="N",
        help="jobs at a time, or cpus of jobs that ask for several (one per core)",
    )
    parser.add_argument(
        "--engine",
        action="append",
        default=[],
        metavar="NAME",
        help="where jobs run: local (here), slurm, or slurm:PARTITION,… for those partitions "
        "alone, parsl (many small jobs on a pilot here), or parsl:FILE with Parsl's own "
        "configuration; the first is that of jobs that name none (local)",
    )
    parser.add_argument(
        "--short-jobs",
        default="10m",
        metavar="TIME",
        help="what is expected to take no longer goes to pilots, and else to a cluster's queue, "
        "where there are both (10m)",
    )
    parser.add_argument(
        "--node-store",
        type=Path,
        metavar="DIR",
        help="where each node of a cluster keeps environments, on its own disk: it then shares "
        "nothing with this machine, and asks for all that a job needs (else nodes see --home)",
    )
    parser.add_argument(
        "--gpus",
        metavar="NAME,…",
        help="the graphics processors that jobs have for themselves, as CUDA_VISIBLE_DEVICES has "
        "them: 0,1",
    )
    parser.add_argument(
        "--quota",
        metavar="SIZE",
        help="what environments and unpacked wheels may take, 200G for example (else no limit): "
        "the longest unused are evicted, and come back when they are needed",
    )
    parser.add_argument(
        "--reserve",
        metavar="SIZE",
        help="what stays free on the disk of the service: where it does not, the job that takes "
        "most is stopped (a hundredth of the disk, 1G at most)",
    )
    parser.add_argument(
        "--job-disk",
        metavar="SIZE",
        help="what the files of one job may take, 20G for example (else no limit of its own)",
    )
    parser.add_argument(
        "--job-processes",
        type=int,
        metavar="N",
        help="how many processes and threads the jobs of one environment may have together, where "
        "control groups can be made (2048, and 1024 more for each core); else an account, or an "
        "environment of a user where the service is not root (4096)",
    )
    parser.add_argument(
        "--job-memory",
        metavar="SIZE",
        help="how much memory the jobs of one environment may have together, where control groups "
        "can be made, and else each process of a job (what is available at the start, but for a "
        "twentieth of the machine's, and at least half of it)",
    )
    parser.add_argument(
        "--job-log",
        default="1G",
        metavar="SIZE",
        help="what one job may write to its standard output and error together (1G)",
    )
    parser.add_argument(
        "--job-accounts",
        metavar="FIRST-LAST",
        help="user ids that nobody else has, for the jobs of each user but the operator, where the "
        "service is root (1879048192-1879113727); none has all jobs be root",
    )
    parser.add_argument(
        "--trust-all",
        action="store_true",
        help="let users be added though this machine cannot keep their jobs apart",
    )
    parser.add_argument(
        "--keep-jobs",
        metavar="TIME",
        help="remove jobs that ended longer ago, with their results, logs and files: 90d for "
        "example (else they are kept)",
    )
    parser.add_argument(
        "--jobs-quota",
        metavar="SIZE",
        help="what jobs may take with their results, logs and files, 500G for example (else no "
        "limit): of those that have ended, the longest unused are removed",
    )
    parser.add_argument(
        "--keep-logs",
        metavar="TIME",
        help="remove the logs of jobs that ended longer ago, before the jobs themselves",
    )
    parser.add_argument(
        "--keep-events",
        metavar="TIME",
        help="remove older events (else those from before --keep-jobs)",
    )
    parser.add_argument(
        "--keep-trees",
        metavar="TIME",
        help="remove versions of working trees that were not used for longer, that nothing "
        "needs, and that are not among the newest (30d); always keeps all",
    )
    parser.add_argument(
        "--newest-trees",
        type=int,
        default=10,
        metavar="N",
        help="versions of each project that each user keeps, however old (10)",
    )
    parser.add_argument(
        "--keep-quarantine",
        metavar="TIME",
        help="remove what was set aside, being damaged or nobody's, after that time (30d)",
    )
    parser.add_argument(
        "--watch-loop",
        type=float,
        metavar="MS",
        help="log what makes everybody wait for longer than so many milliseconds",
    )
    parser.add_argument(
        "--log-format",
        type=LogFormat,
        choices=list(LogFormat),
        default=LogFormat.TEXT,
        help="what goes to stderr: lines for people, or a JSON object on each line (text)",
    )
    parser.add_argument(
        "--log-level",
        choices=LEVELS,
        help="from which level on is logged (warning; info with --log-format json)",
    )
    parser.add_argument(
        "--shared-memo",
        action="store_true",
        help="answer a call also with what the same call of another user left before",
    )
    parser.add_argument(
        "--verify-memo",
        metavar="SHARE",
        help="run that share of the calls that are answered so nevertheless, and compare (1%%)",
    )
    parser.add_argument(
        "--allow-builds",
        action="store_true",
        help="build, confined like a job, the source of trees whose wheels do not run here",
    )
    parser.add_argument(
        "--sample",
        action=PrintSample,
        choices=sorted(SAMPLES),
        help="print a file to begin with, for what stands around a service, and end",
    )


def administer(options: argparse.Namespace) -> int:
    """Do what ``park admin`` asks of the machine that has the home; return the exit status."""
    with installed("park admin"):
        from park_server.backup.actions import ACTIONS
    return ACTIONS[options.action](options)


def _require_extra() -> None:
    """Raise as `installed` where the extra is not there, before a home is made for nothing.

    Finds what serves HTTP, and imports none of it: that takes most of a start.
    """
    for name in ("uvicorn", "fastapi"):
        if PathFinder.find_spec(name) is None:
            raise ModuleNotFoundError(name=name)


def run(options: argparse.Namespace) -> int:
    """Serve; the first word comes before what takes long to import."""
    configure_logs(options.log_format, options.log_level)
    said(f"starting on {options.home}")
    stages = Stages()
    with installed("park serve"):
        _require_extra()
        from park_server.assembly.frame import start
        from park_server.process.given_settings import settings_of
    settings = settings_of(options)
    load: Callable[[], Serve] = partial(loaded, stages)
    if not options.standby:
        start(settings, stages, load)
        return 0
    standby = loaded_standby(settings)  # whoever takes over has no second to lose
    start(settings, stages, lambda: standby.serve, standby.take)
    return 0
