"""A process that reads what strangers packed: ``python -I -m park_server.page.texts.child``.

One question on stdin, one answer on stdout, as JSON. A README that takes for ever, or an archive
that swells, takes nothing from the service: this process has a limit of time and of memory.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

__all__ = ["CPU_S", "MEMORY", "answer_to"]

CPU_S = 20
MEMORY = 2 << 30


def answer_to(question: dict[str, Any]) -> dict[str, Any]:
    """Answer ``about``, a path of METADATA or of a wheel, or ``old`` and ``new``, those of two."""
    if "about" in question:
        from park_server.page.texts.readme import about

        return about(_metadata_at(Path(question["about"])))
    from park_server.page.texts.source_difference import differences
    from park_server.page.texts.wheel_texts import texts_of

    return differences(texts_of(Path(question["old"])), texts_of(Path(question["new"])))


def _metadata_at(path: Path) -> bytes:
    if path.suffix != ".whl":
        return path.read_bytes()
    from park_repo.checks.inspection import metadata_of

    return metadata_of(path, path.name)


def main() -> None:
    """Answer, and end."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    json.dump(answer_to(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
