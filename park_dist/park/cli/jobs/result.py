"""``park result``: wait for a job and print what it returned."""

from __future__ import annotations

import argparse
import json
from typing import Any

from park.cli.options import add_json, add_service, service_of
from park.errors import ParkError

__all__ = ["EXAMPLES", "configure", "printable", "run"]

EXAMPLES = """examples:
  park result 0199…                  waits until there is one
  park result 0199… --timeout 60     but not for ever
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="JOB", help="the id of a job, or its end")
    parser.add_argument("--timeout", type=float, metavar="S", help="seconds to wait")
    add_service(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the result as JSON, which is also how a person reads numbers best."""
    job = service_of(options).job(options.job)
    try:
        value = job.result(options.timeout)
    except TimeoutError as error:
        raise ParkError(
            str(error), hint=f"it goes on; `park logs -f {job.id}` follows it"
        ) from error
    print(json.dumps(printable(value), indent=2, ensure_ascii=False))
    return 0


def printable(value: Any) -> Any:
    """Return ``value`` as JSON data: arrays as lists, anything else that JSON lacks as text."""
    if isinstance(value, dict):
        return {str(key): printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [printable(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)  # noqa: PLR0124 (NaN)
    to_list = getattr(value, "tolist", None)
    return printable(to_list()) if to_list else str(value)
