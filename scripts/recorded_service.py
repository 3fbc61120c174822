"""A service of the park that runs this, as those scripts start it that record what it says."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["served"]


@contextmanager
def served(folder: Path, environ: Mapping[str, str], *options: str) -> Iterator[dict[str, str]]:
    """Run a service on ``folder / "home"``; yield the variables by which a client finds it.

    Raises `SystemExit` where it does not start.
    """
    ready, home = folder / "ready.json", folder / "home"
    command = [sys.executable, "-m", "park", "serve", "--home", str(home), "--port", "0", *options]
    command += ["--ready-file", str(ready)]
    with subprocess.Popen(command, env=environ, cwd=folder) as service:
        try:
            while not ready.exists():
                if service.poll() is not None:
                    raise SystemExit("the service did not start")
                time.sleep(0.05)
            url = json.loads(ready.read_text())["url"]
            yield {"PARK_SERVICE": url, "PARK_TOKEN": (home / "token").read_text().strip()}
        finally:
            service.terminate()
