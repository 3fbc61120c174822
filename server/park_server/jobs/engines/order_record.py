"""An order, as the machinery in the environment takes it."""

from __future__ import annotations

import os

from park.runtime.order import Order
from park_server.jobs.engines.engine import StartOrder

__all__ = ["order_record"]


def order_record(order: StartOrder) -> Order:
    """Return what a process is told of ``order``."""
    return Order(
        job_id=order.job_id,
        attempt=order.attempt,
        directory=os.fspath(order.directory),
        entry_point=order.entry_point,
        set_hash=order.set_hash or None,
        variables=dict(order.variables),
        memory_bytes=order.memory_bytes,
        fresh=order.fresh,
        call=order.call,
        memo=order.memo,
    )
