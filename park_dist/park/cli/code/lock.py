"""``park lock``: what is installed here for a project, as a lock (PEP 751)."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from park.cli.options import add_json, add_set_options, set_options_of
from park.cli.output import print_json, say_text
from park.client.report import reporter

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park lock mymodel                          a module that this Python can import
  park lock ./mymodel -o lock/pylock.toml    a source tree; its wheel goes to lock/wheels
  park lock fit.py                           a script with inline metadata (PEP 723)
  park lock mymodel > pylock.toml            wheels of local trees are named in park's cache
Then: pip install -r lock/pylock.toml
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "target", metavar="MODULE", help="a module, or the path of a source tree, wheel or script"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write the lock here, and the wheels that it needs from here beside it",
    )
    add_set_options(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Build what is local of the closure, look up the rest, and print or write the lock."""
    from park.build.cache import user_cache
    from park.build.local_lock import locked
    from park.build.local_set import local_set

    with reporter() as report:
        local = local_set(
            options.target,
            cache=user_cache(),
            progress=report.step,
            options=set_options_of(options),
        )
        wheels = {source.pin: source.wheel(progress=report.step) for source in local.sources}
        report.step(f"looking up {len(local.requirements.pins) - len(wheels)} releases")
        text = locked(local.requirements, wheels, beside=options.output is not None)
    if options.json:
        pins = {pin.name: pin.version for pin in local.requirements.pins}
        print_json(
            {
                "project": local.project.name,
                "version": local.version,
                "python": local.requirements.python,
                "set_hash": local.requirements.hash,
                "pins": pins,
                "lock": text,
            }
        )
    elif options.output is None:
        say_text(text)
    if options.output is not None:
        _write(options.output, text, [wheel.path for wheel in wheels.values()])
    return 0


def _write(file: Path, text: str, wheels: list[Path]) -> None:
    beside = file.parent / "wheels"
    (beside if wheels else file.parent).mkdir(parents=True, exist_ok=True)
    for wheel in wheels:
        shutil.copyfile(wheel, beside / wheel.name)
    file.write_text(text, encoding="utf-8")
