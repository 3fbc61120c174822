"""Run schemathesis against a light service in a temporary home; see ``scripts/fuzz``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"

ROTATING = "/admin/rotate"
"""What takes the token of all that follows: asked last, and alone."""

ENDING = r"/tokens/refresh|/users/\{user\}/revoke|/api/v1/grant$"
"""What ends the token of who asks, whom the fuzzer may name."""

STREAM = "/events/stream"
"""What does not end, and would be waited for until the limit of a request."""

LIMIT_S = 600
"""How long a request may take: a busy machine makes the document slowly."""

WAIT_S = 0.05
"""How long requests that wait for news are told to: nothing else happens meanwhile."""

USUAL = "20"

POLICY = """
[grants]
unbound = true
"""
"""A grant that is used without a signature, which schemathesis cannot make."""


class Fuzzed:
    """A service that runs, with ``document`` saved from it."""

    def __init__(self, ready: dict[str, str], folder: Path) -> None:
        self.url = ready["url"]
        self.operator = Path(ready["token_file"]).read_text().strip()
        self.home = Path(ready["token_file"]).parent
        self.document = folder / "openapi.json"
        self.document.write_text(json.dumps(impatient(self.ask("GET", "/openapi.json"))))

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> Any:
        """Return the JSON of an answer, to ``token`` or the operator's."""
        answer = httpx2.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {token or self.operator}"},
            timeout=LIMIT_S,
        )
        return answer.raise_for_status().json()

    def of_user(self) -> str:
        """Return a token of a user with the usual roles."""
        return str(self.ask("POST", "/admin/users/ada/tokens", {})["token"])

    def of_job(self) -> str:
        """Return a token of the class ``job``."""
        return str(self.ask("POST", "/tokens", {"kind": "job"}, self.of_user())["token"])

    def of_grant(self) -> str:
        """Return a token that opens one file of the user's."""
        grant = self.ask("POST", "/grants", {"files": ["~/x"]}, self.of_user())
        return str(grant["token"])

    def of_nobody(self) -> str:
        """Return what is no token."""
        return "park_of_nobody"

    def fuzz(self, token: str, examples: str, *more: str) -> int:
        """Run schemathesis with ``token``; return its exit status."""
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            *("run", str(self.document), "--url", self.url),
            *("--header", f"Authorization: Bearer {token}"),
            *("--checks", CHECKS),
            *("--max-examples", examples),
            *("--request-timeout", str(LIMIT_S)),
            *("--warnings", "off"),
            *more,
        ]
        return subprocess.run(command, check=False).returncode

    def prepare(self) -> None:
        """Have a user, and a grant that needs no signature."""
        (self.home / "policy.toml").write_text(POLICY)
        self.ask("POST", "/admin/policy/reload")
        self.ask("POST", "/admin/users", {"name": "ada"})


def impatient(document: Any) -> Any:
    """Return ``document`` with a smaller maximum for whatever is called ``wait``."""
    if isinstance(document, list):
        return [impatient(each) for each in document]
    if not isinstance(document, dict):
        return document
    found = {name: impatient(each) for name, each in document.items()}
    if found.get("name") == "wait" and isinstance(found.get("schema"), dict):
        found["schema"]["maximum"] = WAIT_S
    if isinstance(found.get("wait"), dict) and "maximum" in found["wait"]:
        found["wait"]["maximum"] = WAIT_S
    return found


def main(examples: str, askers: list[str]) -> int:
    """Return 1 where a request was answered wrongly, or the service's log has a traceback."""
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as (ready, log):
        fuzzed = Fuzzed(ready, Path(folder))
        fuzzed.prepare()
        tokens: dict[str, Callable[[], str]] = {
            "operator": lambda: fuzzed.operator,
            "user": fuzzed.of_user,
            "job": fuzzed.of_job,
            "grant": fuzzed.of_grant,
            "none": fuzzed.of_nobody,
        }
        made = {name: tokens[name]() for name in askers or tokens}  # before anything is revoked
        statuses = []
        for name, token in made.items():
            print(f"=== {name}", flush=True)
            without = ("--exclude-path-regex", f"{ROTATING}|{ENDING}|{STREAM}")
            statuses.append(fuzzed.fuzz(token, examples, *without))
        if "operator" in made:
            only = ("--include-path-regex", ROTATING)
            statuses.append(fuzzed.fuzz(fuzzed.operator, examples, *only))
    said = log.said
    print(said if "Traceback" in said else "no traceback in the log of the service")
    return max(*statuses, int("Traceback" in said))


class Log:
    """What a service has written, once it has ended."""

    said = ""


@contextmanager
def service(folder: Path) -> Iterator[tuple[dict[str, str], Log]]:
    """Run a service below ``folder``; give its ready file, and its log, read at the end."""
    home, ready, log = folder / "home", folder / "ready", Log()
    command = [sys.executable, "-m", "park", "serve", "--home", str(home), "--port", "0"]
    options = ["--upstream", "none", "--trust-all", "--ready-file", str(ready)]
    written = folder / "service.log"
    with (
        written.open("w") as stderr,
        subprocess.Popen([*command, *options], stderr=stderr) as process,
    ):
        while process.poll() is None and not ready.exists():
            os.sched_yield()
        try:
            yield json.loads(ready.read_text()), log
        finally:
            process.terminate()
    log.said = written.read_text()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if sys.argv[1:] else USUAL, sys.argv[2:]))
