from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from park_server.envs.realise_progress import Counter, Progress


def test_a_total_grows_while_the_stage_runs() -> None:
    seen: list[Progress] = []
    counter = Counter("download", "bytes", seen.append)
    counter.expect(10)
    counter.advance(4)
    counter.expect(-2)
    assert [(each.done, each.total) for each in seen] == [(0, 10), (4, 10), (4, 8)]
    assert {(each.stage, each.unit) for each in seen} == {("download", "bytes")}


def test_threads_lose_no_step_and_none_is_told_out_of_order() -> None:
    seen: list[int] = []
    counter = Counter("unpack", "wheels", lambda progress: seen.append(progress.done), total=1000)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: counter.advance(), range(1000)))
    assert seen == list(range(1, 1001))
