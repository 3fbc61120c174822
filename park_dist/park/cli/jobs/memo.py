"""``park memo``: what the service remembers of your calls, so that nothing is done twice."""

from __future__ import annotations

import argparse

from park.cli.moments import local_second
from park.cli.option_types import at_least_one
from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say
from park.wire import encode

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park memo list
  park memo list --entry-point mymodel:fit
  park memo stats
  park memo forget …7f3abc                     the same call runs again next time
  park memo forget --entry-point mymodel:fit
  park memo forget --all
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    commands = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="list your runs that answer the same call")
    listing.add_argument("--entry-point", metavar="MODULE:FUNCTION", help="those of one function")
    listing.add_argument(
        "--limit", type=at_least_one, default=50, metavar="N", help="the newest N (50)"
    )
    listing.set_defaults(show=_list)
    stats = commands.add_parser("stats", help="show how much is remembered, and what it has saved")
    stats.set_defaults(show=_stats)
    forget = commands.add_parser("forget", help="have runs answer no later call; the jobs stay")
    forget.add_argument("job", metavar="JOB", nargs="*", help="the id of a job, or its end")
    forget.add_argument("--entry-point", metavar="MODULE:FUNCTION", help="those of one function")
    forget.add_argument("--all", action="store_true", help="all of yours")
    forget.set_defaults(show=_forget)
    for each in (listing, stats, forget):
        add_service(each)
        add_json(each)


def run(options: argparse.Namespace) -> int:
    """Do what the subcommand says."""
    options.show(options)
    return 0


def _list(options: argparse.Namespace) -> None:
    from park.client.workflows.memory import remembered
    from park.drawing.tree import one_line

    transport = service_of(options).transport
    found = remembered(transport, entry_point=options.entry_point, limit=options.limit)
    if options.json:
        print_json([encode(each) for each in found])
        return
    for each in found:
        times = "once" if each.answered == 1 else f"{each.answered} times"
        took = f"{each.seconds:,.1f} s"
        line = f"{each.job}  {local_second(each.finished)}  {took:>10}  answered {times}"
        say(f"{line}  {one_line(each.label)}")
    if not found:
        say("nothing is remembered")


def _stats(options: argparse.Namespace) -> None:
    from park.client.workflows.memory import stats

    record = stats(service_of(options).transport)
    if options.json:
        print_json(encode(record))
        return
    say(f"remembered  {record.remembered:,} runs")
    say(f"answered    {record.answered:,} jobs, which would have run {record.saved_s:,.1f} s")
    say(f"checked     {record.checked:,} answers, of which {record.differing:,} differed")


def _forget(options: argparse.Namespace) -> None:
    from park.client.workflows.graph import job_named
    from park.client.workflows.memory import forget

    count = forget(
        service_of(options).transport,
        jobs=[job_named(each) for each in options.job],
        entry_point=options.entry_point,
        everything=options.all,
    )
    if options.json:
        print_json({"forgotten": count})
        return
    say("1 run is forgotten" if count == 1 else f"{count:,} runs are forgotten")
