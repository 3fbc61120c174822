"""``park bundle``: all that a service or a machine without an index needs, in one file."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from park.cli.option_types import new_file
from park.cli.options import add_json, add_set_options, set_options_of
from park.cli.output import print_json, say
from park.client.report import reporter
from park.model.sizes import shown_size

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park bundle mymodel -o mymodel.zip
  park install mymodel.zip                 on a service without upstream
Without park, on any machine of the same kind:
  python -m zipfile -e mymodel.zip DIR
  pip install --no-index -r DIR/pylock.toml
  uv pip install --offline -r DIR/pylock.toml
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "target", metavar="MODULE", help="a module, or the path of a source tree, wheel or script"
    )
    parser.add_argument(
        "-o", "--output", type=new_file, required=True, metavar="FILE", help="the file to write"
    )
    add_set_options(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Build what is local of the closure, fetch the rest, and write the file."""
    from park.build.cache import user_cache
    from park.build.local_set import local_set
    from park.client.installs.bundle import write_bundle

    with reporter() as report:
        local = local_set(
            options.target,
            cache=user_cache(),
            progress=report.step,
            options=set_options_of(options),
        )
        built = {source.pin: source.wheel(progress=report.step).path for source in local.sources}
        report.step(f"fetching {len(local.requirements.pins) - len(built)} releases")
        bundle = write_bundle(local, built, options.output)
    size = options.output.stat().st_size
    if options.json:
        wheels = [asdict(wheel) for wheel in bundle.wheels]
        print_json(
            {
                "file": str(options.output),
                "size": size,
                "project": bundle.project,
                "version": bundle.version,
                "python": bundle.python,
                "wheels": wheels,
            }
        )
        return 0
    say(f"{bundle.project} {bundle.version} for Python {bundle.python}")
    say(f"{options.output}: {len(bundle.wheels)} wheels, {shown_size(size)}")
    return 0
