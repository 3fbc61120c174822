"""The order of an attempt for a node that shares nothing, written down for when it asks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from park.runtime.folder import read_record, write_record
from park_server.jobs.engines.engine import StartOrder
from park_server.jobs.engines.order_record import order_record

__all__ = ["NodeOrder", "read_order", "write_order"]

_NAME = "node-order.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeOrder:
    """What a process is told (`park.runtime.order`), and the environment that it is to be in."""

    order: dict[str, Any]
    lock_hash: str


def write_order(order: StartOrder) -> None:
    """Write ``order`` into the folder of its job."""
    record = {"order": order_record(order).as_record(), "lock_hash": order.lock_hash}
    write_record(f"{order.directory}/{_NAME}", record)


def read_order(folder: Path, attempt: int) -> NodeOrder | None:
    """Return the order of an ``attempt`` of the job in ``folder``; None where there is none."""
    record = read_record(f"{folder}/{_NAME}")
    if record is None or record["order"]["attempt"] != attempt:
        return None
    return NodeOrder(order=record["order"], lock_hash=record["lock_hash"])
