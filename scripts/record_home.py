"""Record the database of a home in which something happened, and what its service says of its jobs.

    python scripts/record_home.py tests/homes/0019.json

Done once for each schema, by the last park that has it, and kept: a test brings each record up to
the schema of today and asks it for the same. Folders are replaced by ``/folder``.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from recorded_service import served

MODEL = '''"""A model of which there is nothing to say."""

import os
from pathlib import Path


def value(text):
    """Return what a document says; leave a file."""
    import json

    Path("curve.txt").write_text("1 2 3")
    return json.loads(text)


def stay(up, go):
    """Say that it runs, and wait for a line."""
    Path(up).write_text("up")
    return Path(go).read_text()
'''

PROJECT = """[build-system]
requires = ["flit_core>=3.11"]
build-backend = "flit_core.buildapi"

[project]
name = "recorded-model"
version = "0.1"
description = "A model of which there is nothing to say"
requires-python = ">=3.11"
"""

VALUE = (
    '{"tenth": 0.1, "least": 5e-324, "minus": -0.0, "large": 123456789012345678901234567890,'
    ' "text": "\u00e9 \u2028 \U0001f40d", "none": null, "list": [1, 1.0, true, []]}'
)

JOBS = (
    ("recorded_model:value", {"text": VALUE}),
    ("recorded_model:value", {"text": "1.0"}),
    ("recorded_model:value", {"text": "{"}),
)
"""What is run to its end: two that succeed, one that fails."""


class Recording:
    """A service of the park that runs this, and a user who has a model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.environ = dict(os.environ) | {
            "PARK_CONFIG": str(folder / "park.toml"),
            "PARK_STATE_DIR": str(folder / "state"),
            "PARK_CACHE_DIR": str(folder / "cache"),
            "PARK_AGENT": "off",
        }

    def park(self, *words: str, fails: bool = False) -> str:
        """Return what a command prints; raises `SystemExit` where it ends as it should not."""
        done = subprocess.run(
            [sys.executable, "-m", "park", *words],
            env=self.environ, cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if (done.returncode != 0) is not fails:
            raise SystemExit(f"park {' '.join(words)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def asked(self, path: str) -> Any:
        """Return what the service answers."""
        place = urlsplit(self.environ["PARK_SERVICE"])
        with closing(HTTPConnection(str(place.hostname), place.port)) as connection:
            told = {"Authorization": f"Bearer {self.environ['PARK_TOKEN']}"}
            connection.request("GET", path, headers=told)
            return json.load(connection.getresponse())

    def statements(self) -> list[str]:
        """Return what makes the database as it is now."""
        (path,) = self.home.glob("*.sqlite")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return list(connection.iterdump())


def until(holds: Any) -> None:
    """Wait until ``holds()``."""
    while not holds():
        time.sleep(0.05)


def installed_model(folder: Path) -> None:
    """Put a model there, which this interpreter finds as an editable installation."""
    (folder / "model").mkdir()
    (folder / "model" / "recorded_model.py").write_text(MODEL, encoding="utf-8")
    (folder / "model" / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "-e", "model"]
    subprocess.run(command, cwd=folder, check=True)


def recorded(folder: Path) -> dict[str, Any]:
    """Return the record."""
    installed_model(folder)
    recording = Recording(folder)
    up, go = folder / "up", folder / "go"
    os.mkfifo(go)
    with served(folder, recording.environ, "--slots", "1") as found:
        recording.environ |= found
        recording.park("install", "recorded_model")
        for entry_point, arguments in JOBS:
            words = [word for pair in arguments.items() for word in ("--arg", as_word(*pair))]
            recording.park("run", entry_point, *words, fails=arguments["text"] == "{")
        stay = ("submit", "recorded_model:stay", "--arg", as_word("up", str(up)))
        recording.park(*stay, "--arg", as_word("go", str(go)))
        until(up.exists)
        recording.park(*stay, "--arg", as_word("go", "/dev/null"))
        jobs = recording.asked("/api/v1/jobs")
        said = {}
        for job in jobs["jobs"] if isinstance(jobs, dict) else jobs:
            path = f"/api/v1/jobs/{job['id']}"
            said[job["id"]] = {"job": recording.asked(path)}
            if job["status"] == "completed":
                said[job["id"]]["result"] = recording.asked(f"{path}/result")["result"]
        versions = recording.asked("/api/v1/versions")
        statements = recording.statements()
        go.write_text("on")
    return {"jobs": said, "versions": versions, "statements": statements}


def as_word(name: str, value: str) -> str:
    """Return an argument as the command line takes it."""
    return f"{name}={json.dumps(value)}"


def main(out: Path) -> None:
    """Record into ``out``."""
    with tempfile.TemporaryDirectory() as name:
        record = recorded(Path(name))
        text = json.dumps(record, indent=1).replace(name, "/folder")
        text = text.replace(sys.base_prefix, "/python")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
    print(f"{len(record['jobs'])} jobs, {len(record['statements'])} statements in {out}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
