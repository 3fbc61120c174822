"""``park install --watch``: saved changes reach the service by themselves."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import IO, TYPE_CHECKING, Any

import pytest
from support.services.park_client import uv_install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.services.park_client import Client, ModelTree


@pytest.fixture(params=["notices", "polling"])
def watching(
    request: pytest.FixtureRequest, client: Client, model: ModelTree
) -> Iterator[subprocess.Popen[str]]:
    """Run ``park install --watch --json`` on the model, with watchfiles or without."""
    assert model.root.exists()
    uv_install(client.python, "watchfiles")
    hide = "import sys; sys.modules['watchfiles'] = None\n" if request.param == "polling" else ""
    # a test run in the background has SIGINT ignored, and its children inherit that
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    start = "from park.cli.main import main; raise SystemExit(main())"
    process = subprocess.Popen(
        [client.python, "-c", hide + heard + start, "install", "light_model", "--watch", "--json"],
        env=client.environ(),
        cwd=client.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def outcome_until(
    stdout: IO[str] | None, is_meant: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Read outcomes until the one that is meant: what is saved in steps may be several."""
    assert stdout is not None
    outcomes: list[dict[str, Any]] = []
    for line in stdout:
        outcomes.append(json.loads(line))
        if is_meant(outcomes[-1]):
            return outcomes[-1]
    raise AssertionError(f"it ended after {outcomes}")


def test_a_saved_edit_is_installed_and_named(
    watching: subprocess.Popen[str], client: Client, model: ModelTree, answer: int
) -> None:
    first = outcome_until(watching.stdout, lambda _: True)
    model.edit("light_model.py", f"ANSWER = {answer}", f"ANSWER = -{answer}")
    outcome_until(watching.stdout, lambda outcome: outcome["version"] != first["version"])
    assert client.call("light_model:answer", "--no-memo") == -answer
    model.edit("light_model.py", f"ANSWER = -{answer}", f"ANSWER = {answer}")
    outcome_until(watching.stdout, lambda outcome: outcome["lock_hash"] == first["lock_hash"])
    watching.send_signal(signal.SIGINT)
    _, stderr = watching.communicate()
    assert watching.returncode == 130
    assert "\nedited light_model.py (light-model)\n" in stderr
    assert "Traceback" not in stderr
