"""Cells of a notebook as jobs: in a kernel of Jupyter's, as an editor runs them."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.services.park_client import Client


@pytest.fixture
def cell(client: Client) -> Iterator[Callable[[str], Any]]:
    """Start a kernel; return what runs a cell there, and gives the value of its last line."""
    # here, and not where the module is read: such skips are no failures where all is required
    manager = pytest.importorskip("jupyter_client.manager", reason="needs jupyter_client")
    pytest.importorskip("ipykernel", reason="needs ipykernel")
    kernels = manager.KernelManager(kernel_name="python3")
    # the kernel is of these tests' interpreter, the machine and its service of the client
    kernels.start_kernel(env=client.environ(), cwd=str(client.folder))
    kernel = kernels.client()
    kernel.start_channels()

    def cell(text: str) -> Any:
        said: list[dict[str, Any]] = []
        reply = kernel.execute_interactive(
            text, timeout=LIMIT_S, output_hook=lambda message: said.append(message["content"])
        )
        assert reply["content"]["status"] == "ok", "\n".join(reply["content"]["traceback"])
        values = [each["data"]["text/plain"] for each in said if "data" in each]
        return ast.literal_eval(values[-1]) if values else None

    try:
        kernel.wait_for_ready(timeout=LIMIT_S)
        cell("import json, park\nservice = park.remote_service()\nSTEP = 2")
        yield cell
    finally:
        kernel.stop_channels()
        kernels.shutdown_kernel(now=True)


def test_a_lambda_and_a_sweep_of_a_cell(cell: Callable[[str], Any]) -> None:
    assert cell("service.submit(lambda n: n + STEP, 1).result()") == 3
    assert cell("service.map(lambda n: n * STEP, range(3)).results()") == [0, 2, 4]


@pytest.mark.slow
def test_an_edited_cell_that_is_run_again_is_what_runs(cell: Callable[[str], Any]) -> None:
    cell("def grow(n):\n    return n + STEP")
    assert cell("service.submit(grow, 1).result()") == 3
    cell("def grow(n):\n    return n * 10 + STEP")
    assert cell("service.submit(grow, 1).result()") == 12
    cell("STEP = 5")
    assert cell("service.submit(grow, 1).result()") == 15


@pytest.mark.slow
def test_a_class_of_a_cell_comes_back_as_the_class_that_is_there(
    cell: Callable[[str], Any],
) -> None:
    head = "class Film:\n    def __init__(self, d):\n        self.d = d\n"
    film = f"{head}    def grown(self):\n        "
    cell(f"{film}return Film(self.d + 1)")
    cell("first = service.submit(Film(1).grown).result()")
    assert cell("type(first) is Film, first.d") == (True, 2)
    cell(f"{film}return Film(-self.d)")
    cell("again = service.submit(Film(1).grown).result()")
    assert cell("type(again) is Film, again.d, type(first) is Film") == (True, -1, False)


@pytest.mark.slow
def test_an_error_shows_the_line_of_the_cell(cell: Callable[[str], Any]) -> None:
    cell("def divide(n):\n    return 1 / n  # of the cell")
    shown = cell(
        "try:\n    service.submit(divide, 0).result()\n"
        "except park.ParkError as error:\n    trace = error.details['traceback']\n"
        "json.dumps(trace)"
    )
    assert "return 1 / n  # of the cell" in json.loads(shown)
