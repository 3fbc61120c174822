"""Do once, before any fork, what every child does with its folder.

A child's first use of a codec, an import in the standard library or a function that the
interpreter has not specialised yet costs page faults in memory shared with its parent
(docs/decisions/0003 has figures). What the parent has done is inherited.
"""

from __future__ import annotations

import os
import tempfile

from . import codec, outcome, processes
from .folder import JobFolder, read_record, write_record

__all__ = ["rehearse"]


def rehearse() -> None:
    """Claim, read a call and write an outcome in a folder that is then removed."""
    me = processes.identity(os.getpid())
    with tempfile.TemporaryDirectory(prefix="park-") as scratch:
        folder = JobFolder(root=scratch)
        folder.claim(1, {} if me is None else me.as_record())
        write_record(folder.call, codec.encode_call((1, "a"), {"b": [1.5]}, set_hash=None))
        args, _ = codec.decode_call(read_record(folder.call) or {}, set_hash=None)
        write_record(folder.outcome, outcome.completed(1, codec.encode(args, set_hash=None)))
