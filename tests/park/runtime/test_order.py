"""What a fork server is told, there and back through JSON."""

from __future__ import annotations

import json

from park.runtime.order import Order, ServerSettings


def test_an_order_comes_back_as_it_was() -> None:
    order = Order(
        job_id="0199",
        attempt=2,
        directory="/jobs/0199",
        entry_point="m:f",
        set_hash=None,
        variables={"SECRET": "x"},
        memory_bytes=1 << 30,
        fresh=True,
        call='{"args": [], "kwargs": {}}',
        memo=False,
    )
    assert Order(**json.loads(json.dumps(order.as_record()))) == order
    assert order.folder.root == "/jobs/0199"


def test_settings_come_back_as_they_were() -> None:
    settings = ServerSettings(module="m", library="/lib", reason="asked for")
    assert ServerSettings(**json.loads(json.dumps(settings.as_record()))) == settings
