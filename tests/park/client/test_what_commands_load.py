"""What commands load: what they need, and nothing large besides."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import {module}
print(*sorted({{name.partition(".")[0] for name in sys.modules}} | set(sys.modules)))
"""

JOBS_DO_WITHOUT = {
    "asyncio",
    "httpx2",
    "rich",
    "tomlkit",
    "packaging",
    "importlib.metadata",
    "numpy",
    "platform",
    "park.build.local_set",
    "park.client.by_value.pickles",
    "park.client.choosing.nearness",
    "park.local.find",
    "park.model.conditions",
    "park.wire.install_records",
    "park.wire.workflow_records",
}
"""What takes long to import, and submissions of a name with plain arguments never touch."""


@pytest.mark.parametrize(
    ("module", "spared"),
    [
        ("park.client.installs.target_install", {"asyncio", "httpx2", "concurrent", "tarfile"}),
        ("park.client.service", JOBS_DO_WITHOUT),
        ("park.client.access.transport", {"asyncio", "httpx2", "packaging", "concurrent"}),
    ],
)
def test_what_is_large_is_loaded_where_it_is_used(module: str, spared: set[str]) -> None:
    script = SCRIPT.format(module=module)
    # -S: what a .pth file of this environment imports is none of a command's
    paths = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run(
        [sys.executable, "-S", "-c", paths + script], stdout=subprocess.PIPE, text=True, check=True
    )
    assert spared.isdisjoint(done.stdout.split())
