"""Parsl's configuration: the operator's own file, or one pilot here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from park.errors import UsageError

pytest.importorskip("parsl", reason="Parsl is not installed here")

from park_server.pilots.parsl_setup import configuration

FILE = """
from parsl.config import Config
from parsl.executors import HighThroughputExecutor, ThreadPoolExecutor
config = {config}
"""


def test_without_a_file_there_is_one_pilot_here() -> None:
    executor: Any
    (executor,) = configuration(None, 3).executors
    assert (executor.max_workers_per_node, executor.provider.max_blocks) == (3, 1)


def test_a_file_says_what_it_likes_of_one_executor(tmp_path: Path) -> None:
    path = tmp_path / "pilots.py"
    mine = "HighThroughputExecutor(label='mine', address='::1')"
    path.write_text(FILE.format(config=f"Config(executors=[{mine}])"))
    executor: Any
    (executor,) = configuration(path, 3).executors
    assert executor.label == "mine"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("Config(executors=[ThreadPoolExecutor()])", "no `config` with one HighThroughputExecutor"),
        ("7", "no `config` with one HighThroughputExecutor"),
        ("1 / 0", "cannot be read: ZeroDivisionError"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, config: str, said: str) -> None:
    path = tmp_path / "pilots.py"
    path.write_text(FILE.format(config=config))
    with pytest.raises(UsageError, match=said):
        configuration(path, 3)
