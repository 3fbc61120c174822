"""Whoever decides what somebody may do is told so: a guard that is forgotten would permit all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

HEARS = "hears of what was done, and decides nothing"
WORK = "says what is to be done, and not who may have it"
CLOSED = "refuses"
MEASURES = "asks the disk"

DECIDES_NOTHING = {
    "park_repo/upstream/remote_files.py received": HEARS,
    "park_repo/upstream/transfer.py received": HEARS,
    "park_repo/wheelstore/store.py compiled": HEARS,
    "park_server/content.py unless": WORK,
    "park_server/envs/farm/farm_plan.py unfolded": WORK,
    "park_server/envs/keeper.py done": HEARS,
    "park_server/envs/keeper.py on_damage": HEARS,
    "park_server/envs/wheel_download.py received": HEARS,
    "park_server/fetches/url_fetcher.py holds": CLOSED,
    "park_server/http/app.py front": WORK,
    "park_server/http/app.py page_files": WORK,
    "park_server/installs/manager.py keep": WORK,
    "park_server/jobs/engines/cages.py own_folders": CLOSED,
    "park_server/jobs/conditions/settlement.py now": WORK,
    "park_server/jobs/fetch_queue.py resting": WORK,
    "park_server/jobs/turns/fair_order.py weight_of": WORK,
    "park_server/jobs/memo/recall.py looks_there": WORK,
    "park_server/jobs/queue.py take": WORK,
    "park_server/peers/follower.py heard": HEARS,
    "park_server/peers/peers.py heard": HEARS,
    "park_server/process/standby.py on_prepared": HEARS,
    "park_server/quotas/disk_reserve.py free_inodes": MEASURES,
    "park_server/retention/hold.py on_wait": HEARS,
}
"""Functions that service and index take and can do without, each with the reason: all others are
asked for, since what stands in for a guard would say yes."""


def with_lambdas(text: str) -> Iterator[str]:
    """Yield the parameters and fields of a module for which a function stands where none is given.

    Also where that is said inside: ``x or (lambda …)``.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.arguments):
            ordered = [*node.posonlyargs, *node.args]
            given = [*zip(reversed(ordered), reversed(node.defaults), strict=False)]
            given += [
                (each, default)
                for each, default in zip(node.kwonlyargs, node.kw_defaults, strict=True)
                if default is not None
            ]
            yield from (each.arg for each, default in given if isinstance(default, ast.Lambda))
        if isinstance(node, ast.ClassDef):
            fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            yield from (ast.unparse(e.target) for e in fields if isinstance(e.value, ast.Lambda))
        if isinstance(node, ast.BoolOp) and isinstance(node.values[-1], ast.Lambda):
            yield ast.unparse(node.values[0])


def test_no_guard_has_a_default() -> None:
    found = {
        f"{file.relative_to(source)} {name}"
        for source in (ROOT / "server", ROOT / "repo")
        for file in source.rglob("*.py")
        for name in with_lambdas(file.read_text("utf-8"))
    }
    assert found - DECIDES_NOTHING.keys() == set(), "make it a required parameter"
    assert DECIDES_NOTHING.keys() - found == set(), "it is no more: take it out"


def test_a_guard_with_a_default_is_found() -> None:
    text = """
class Door:
    is_open: Callable[[], bool] = lambda: True
    def __init__(self, a, admit=lambda _: None, *, b, permit=lambda: True, c=1): ...
    def f(self, permit_of=None):
        self.g = permit_of or (lambda _: None)
"""
    assert sorted(with_lambdas(text)) == ["admit", "is_open", "permit", "permit_of"]
