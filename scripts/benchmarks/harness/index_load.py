"""A load generator that is not what limits: raw requests, sent ahead on open connections.

Run as a process of its own, so that it has its own core::

    python -m benchmarks.harness.index_load '{"port": …, "paths": […]}'  prints requests a second
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle, islice

import uvloop

_WARM_UP_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Load:
    """What to send: GETs of ``paths`` in turn, ``depth`` ahead on each of ``connections``.

    Every response must be as long as the first one, so that no time goes into parsing.
    """

    port: int
    paths: list[str]
    headers: dict[str, str]
    connections: int
    depth: int
    seconds: float


def rate_of(load: Load) -> float:
    """Send from a process of its own, and return the requests a second."""
    argv = [sys.executable, "-m", "benchmarks.harness.index_load", json.dumps(asdict(load))]
    return float(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)


async def requests_per_second(load: Load) -> float:
    """Send for ``seconds`` and return the rate."""
    size = await _size_of_response(load)
    stop = asyncio.Event()
    counts = [0] * load.connections
    workers = [
        asyncio.create_task(_send(load, size, stop, counts, n)) for n in range(load.connections)
    ]
    await asyncio.sleep(_WARM_UP_S)
    before, start = sum(counts), time.perf_counter()
    await asyncio.sleep(load.seconds)
    rate = (sum(counts) - before) / (time.perf_counter() - start)
    stop.set()
    await asyncio.gather(*workers)
    return rate


async def _size_of_response(load: Load) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
    writer.write(_request(load, load.paths[0]))
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"expected 200, found {head!r}")
    lengths = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = int(next(lengths).partition(b":")[2])
    writer.close()
    await writer.wait_closed()
    return len(head) + body


async def _send(load: Load, size: int, stop: asyncio.Event, counts: list[int], place: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port, limit=1 << 20)
    batches = _batches(load, place)
    while not stop.is_set():
        writer.write(next(batches))
        await _discard(reader, size * load.depth)
        counts[place] += load.depth
    writer.close()
    await writer.wait_closed()


async def _discard(reader: asyncio.StreamReader, count: int) -> None:
    while count:
        count -= len(await reader.read(min(count, 1 << 20)))


def _batches(load: Load, place: int) -> Iterator[bytes]:
    """Yield ``depth`` requests at a time; each connection begins elsewhere."""
    start = place * len(load.paths) // load.connections
    requests = cycle(_request(load, path) for path in load.paths[start:] + load.paths[:start])
    batches = [b"".join(islice(requests, load.depth)) for _ in range(max(1, len(load.paths)))]
    return cycle(batches)


def _request(load: Load, path: str) -> bytes:
    headers = {"Host": "127.0.0.1", **load.headers}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


if __name__ == "__main__":
    print(json.dumps(uvloop.run(requests_per_second(Load(**json.loads(sys.argv[1]))))))
