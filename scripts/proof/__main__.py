"""Print which edits each system notices, and which it spares: a table, and its sums."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from proof.edits import NEEDED, UNNEEDED, Edit
from proof.specimen import specimen_world
from proof.systems import Cached, Park, System

STALE, NOTICED, SPARED, RERUN = "STALE", "noticed", "spared", "run again"


def main(word: str = "") -> int:
    """Print the table of the edits with ``word`` in their name; 1 where park is stale."""
    with tempfile.TemporaryDirectory(prefix="park-proof-") as folder:
        systems: list[System] = [
            Park(Path(folder) / "park"),
            *(Cached(name, Path(folder) / name) for name in ("redun", "joblib")),
        ]
        for system in systems:
            system.begin(specimen_world())
        sums = {system.name: Counter[str]() for system in systems}
        print(_row("edit", [system.name for system in systems]))
        for needed, edits in ((True, NEEDED), (False, UNNEEDED)):
            print(f"\n{'Has to be noticed' if needed else 'Need not be'}")
            for edit in edits:
                if word in edit.name:
                    _judge(edit, systems, sums, needed=needed)
    _print_sums(sums)
    return 1 if sums["park"][STALE] else 0


def _judge(
    edit: Edit, systems: Sequence[System], sums: dict[str, Counter[str]], *, needed: bool
) -> None:
    """Print how each system does with one edit, and count it."""
    cells = []
    for system in systems:
        again = system.runs_again(edit.applied(specimen_world()), edit.jobs)
        if needed:
            verdicts = Counter(NOTICED if run else STALE for run in again.values())
        else:
            verdicts = Counter(RERUN if run else SPARED for run in again.values())
        sums[system.name].update(verdicts)
        cells.append(", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))
    print(_row(edit.name, cells), flush=True)


def _print_sums(sums: dict[str, Counter[str]]) -> None:
    print()
    for verdicts in ((NOTICED, STALE), (SPARED, RERUN)):
        for verdict in verdicts:
            counts = [
                f"{count[verdict]} of {sum(count[each] for each in verdicts)}"
                for count in sums.values()
            ]
            print(_row(verdict, counts))


def _row(first: str, cells: Sequence[str]) -> str:
    return f"{first:<60}" + "".join(f"{cell:<24}" for cell in cells)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
