"""What commands load: what they need, and nothing large besides."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import {module}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


@pytest.mark.parametrize(
    ("module", "spared"),
    [
        ("park.client.installs.target_install", {"asyncio", "httpx2", "concurrent", "tarfile"}),
        ("park.client.service", {"asyncio", "httpx2", "rich", "tomlkit"}),
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
