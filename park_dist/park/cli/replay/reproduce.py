"""``park reproduce``: the jobs of an exported file again, here or on a service, and compared."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from park.cli.options import add_json
from park.cli.output import print_json, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from park.client.access.transport import Transport
    from park.client.crates.repetition import Reproduction
    from park.model.parity.comparison import Comparison

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park reproduce fit.crate.zip                   here, in a virtualenv of its lock; needs no service
  park reproduce fit.crate.zip -s sns            on a service
  park reproduce fit.crate.zip --rtol 1e-6       numbers may differ by a millionth of the larger
  park reproduce fit.crate.zip -d again          keep what is written in the folder again
exit status: 0 all is equal or within the tolerance; 1 something differs
It runs the code that is in the file, as you: take such files from people whom you trust.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="what park export has written")
    parser.add_argument(
        "-s", "--service", metavar="NAME|URL", help="run it on this service (else here)"
    )
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="send your token there by plain HTTP, for whoever is on the way to read",
    )
    parser.add_argument(
        "--rtol",
        type=float,
        default=1e-9,
        metavar="X",
        help="how far numbers may be apart, relative to the larger (1e-9; 0: not at all)",
    )
    parser.add_argument(
        "--atol", type=float, default=0.0, metavar="X", help="how far they may be apart (0)"
    )
    parser.add_argument(
        "-d",
        "--directory",
        metavar="FOLDER",
        help="a new folder to keep it in (else one that goes)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Look at the file, run its jobs again, and say how they compare."""
    from park.client.crates.calls_again import reproduced
    from park.client.crates.read_crate import opened
    from park.client.report import reporter
    from park.model.parity.comparison import Tolerance, Verdict

    tolerance = Tolerance(relative=options.rtol, absolute=options.atol)
    with opened(options.file) as crate, _place(options.directory) as folder, reporter() as report:
        transport = _transport(options)
        found = list(reproduced(crate, Path(folder), tolerance, report, transport=transport))
    if options.json:
        print_json([_document(each) for each in found])
    else:
        for line in (line for each in found for line in _lines(each)):
            say(line)
    return int(any(each.verdict is Verdict.DIFFERENT for each in found))


def _place(directory: str | None) -> Any:
    from park.errors import UsageError

    if directory is None:
        return tempfile.TemporaryDirectory(prefix="park-reproduce-")
    folder = Path(directory).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="name a new folder")
    return nullcontext(str(folder))


def _transport(options: argparse.Namespace) -> Transport | None:
    if options.service is None:
        return None
    from park.cli.options import transport_of

    return transport_of(options)


def _lines(found: Reproduction) -> Iterator[str]:
    yield f"{found.job.label}, job {found.job.id}: {found.verdict}"
    for each in found.comparisons:
        yield f"  {each.of}: {_said(each)}"
        yield from (f"    {remark}" for remark in each.remarks)
    for name in dict.fromkeys([*found.there, *found.here]):
        there, here = (each.get(name, "unknown") for each in (found.there, found.here))
        same = there if there == here else f"{there} there, {here} here"
        yield f"  {name}: {same}"


def _said(found: Comparison) -> str:
    from park.model.parity.comparison import Verdict

    if found.verdict is Verdict.EQUAL:
        return "equal"
    if found.verdict is Verdict.CLOSE:
        return f"within the tolerance at {found.within} places; farthest {found.deviation}"
    more = f", and at {found.beyond - 1} places more" if found.beyond > 1 else ""
    return f"differs at {found.deviation}{more}"


def _document(found: Reproduction) -> dict[str, Any]:
    return {
        "job": found.job.id,
        "label": found.job.label,
        "verdict": str(found.verdict),
        "parts": [
            {
                "of": each.of,
                "verdict": str(each.verdict),
                "differs": each.beyond,
                "within": each.within,
                "at": None if each.deviation is None else str(each.deviation),
                "remarks": each.remarks,
            }
            for each in found.comparisons
        ],
        "there": found.there,
        "here": found.here,
    }
