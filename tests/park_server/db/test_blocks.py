from __future__ import annotations

from park_server.db.blocks import in_blocks


def test_every_item_is_in_one_block_and_no_block_is_too_long() -> None:
    items = [str(number) for number in range(1001)]
    blocks = list(in_blocks(iter(items)))
    assert [len(block) for block in blocks] == [500, 500, 1]
    assert [item for block in blocks for item in block] == items


def test_of_nothing_there_is_no_block() -> None:
    assert list(in_blocks([])) == []
