"""Do ahead what every child does with its order and its folder.

A child's first use of a codec, an import in the standard library or a function that the
interpreter has not specialised yet costs page faults in memory shared with its parent
(docs/decisions/0003 has figures). What the parent has done is inherited; what a child has
touched while it waited for its order, it need not copy when that has come.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from . import codec, outcome, processes, target
from .cage import own_folder
from .folder import JobFolder, read_record, write_record
from .order import Order
from .used import recorder as used

__all__ = ["rehearse", "rehearse_in_memory", "rehearse_often"]

_OFTEN = 12
"""The interpreter specialises a function when it is called for the eighth time (PEP 659)."""


def rehearse() -> None:
    """Before any fork: claim, read a call and write an outcome in a folder that is then removed."""
    me = processes.identity(os.getpid())
    with suppress(OSError), _scratch() as scratch:
        folder = JobFolder(root=scratch)
        folder.claim(1, {} if me is None else me.as_record())
        write_record(folder.call, codec.encode_call((1, "a"), {"b": [1.5]}, set_hash=None))
        args, _ = codec.decode_call(read_record(folder.call) or {}, set_hash=None)
        write_record(folder.outcome, outcome.completed(1, codec.encode(args, set_hash=None)))


@contextmanager
def _scratch() -> Iterator[str]:
    """Have a folder for files; `tempfile` brings six libraries along, which each child copies."""
    name = f"park-{os.getpid()}-{os.urandom(8).hex()}"
    path = os.path.join(os.environ.get("TMPDIR") or "/tmp", name)  # noqa: PTH118, S108 (a new one)
    os.mkdir(path, 0o700)  # noqa: PTH102 (no Path before a fork)
    try:
        yield path
    finally:
        for file in os.listdir(path):  # noqa: PTH208
            os.unlink(f"{path}/{file}")  # noqa: PTH108
        os.rmdir(path)  # noqa: PTH106


def rehearse_often() -> None:
    """Before any fork: have the interpreter know by heart what each child does in memory.

    It writes into a function, and into its cache of types, until then: copies of pages. What
    they would all find out about the kernel is found out as well.
    """
    own_folder.look_ahead()
    for _ in range(_OFTEN):
        rehearse_in_memory()


def rehearse_in_memory() -> None:
    """In a child that waits for its order: take one, read a call, form an outcome; no files.

    More than half of the page faults of a short job come before its order then, and a third of
    its time (docs/decisions/0011).
    """
    order = Order(job_id="", attempt=1, directory="", entry_point="os:getpid", set_hash=None)
    order = Order(**json.loads(json.dumps(order.as_record()).encode()))
    me = processes.identity(os.getpid())
    json.dumps({} if me is None else me.as_record())
    target.load(order.entry_point)
    call = codec.encode_call((1, "a"), {"b": [1.5]}, set_hash=None)
    args, _ = codec.decode_call(json.loads(json.dumps(call)), set_hash=None)
    record = outcome.completed(order.attempt, codec.encode(args, set_hash=None))
    json.dumps(record, allow_nan=False).encode()
    used.rehearse()
