"""Run schemathesis against a light service in a temporary home; see ``scripts/fuzz``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"

ROTATING = "/admin/rotate"
"""What takes the token of all that follows: asked last, and alone."""


def main(examples: str) -> int:
    """Return the exit status of schemathesis; 1 where the service's log has a traceback."""
    with tempfile.TemporaryDirectory() as folder:
        home, ready = Path(folder) / "home", Path(folder) / "ready"
        log = Path(folder) / "service.log"
        command = [sys.executable, "-m", "park", "serve", "--home", str(home), "--port", "0"]
        with (
            log.open("w") as stderr,
            subprocess.Popen(
                [*command, "--upstream", "none", "--ready-file", str(ready)], stderr=stderr
            ) as service,
        ):
            while service.poll() is None and not ready.exists():
                os.sched_yield()
            try:
                status = fuzzed(json.loads(ready.read_text()), examples)
            finally:
                service.terminate()
        said = log.read_text()
    print(said if "Traceback" in said else "no traceback in the log of the service")
    return status or int("Traceback" in said)


def fuzzed(ready: dict[str, str], examples: str) -> int:
    """Run schemathesis against the service of a ready file; 1 where a part of it failed."""
    parts = (["--exclude-path-regex", ROTATING], ["--include-path-regex", ROTATING])
    return max(_fuzzed_part(ready, examples, part) for part in parts)


def _fuzzed_part(ready: dict[str, str], examples: str, part: list[str]) -> int:
    token = Path(ready["token_file"]).read_text().strip()
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", f"{ready['url']}/api/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {token}"),
        *("--checks", CHECKS),
        *("--max-examples", examples),
        *("--request-timeout", "60"),
        *part,
    ]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
