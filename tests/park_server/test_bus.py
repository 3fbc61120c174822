import asyncio

from park_server.bus import EVERYTHING, HEARD, Bus


def test_a_waiter_is_woken_by_its_subject() -> None:
    async def scenario() -> str:
        bus, state = Bus(), ["queued"]
        wait = asyncio.create_task(
            bus.wait_until("job", lambda: state[0], lambda seen: seen == "completed", 30)
        )
        await asyncio.sleep(0)  # the waiter looks, and waits
        state[0] = "completed"
        bus.publish("another")
        bus.publish("job")
        return await wait

    assert asyncio.run(scenario()) == "completed"


def test_what_holds_already_is_not_waited_for() -> None:
    async def scenario() -> int:
        return await Bus().wait_until("job", lambda: 1, bool, 30)

    assert asyncio.run(scenario()) == 1


def test_after_its_time_a_waiter_gets_what_there_is() -> None:
    async def scenario() -> str:
        return await Bus().wait_until("job", lambda: "running", lambda _: False, 0.01)

    assert asyncio.run(scenario()) == "running"


def test_every_publication_wakes_those_who_want_everything() -> None:
    async def scenario() -> int:
        bus, count = Bus(), [0]
        wait = asyncio.create_task(
            bus.wait_until(EVERYTHING, lambda: count[0], lambda seen: seen == 2, 30)
        )
        for _ in range(2):
            await asyncio.sleep(0)
            count[0] += 1
            bus.publish("any")
        return await wait

    assert asyncio.run(scenario()) == 2


def test_a_publication_from_a_thread_arrives() -> None:
    async def scenario() -> bool:
        bus, done = Bus(), []
        bus.bind()

        def work() -> None:
            done.append(True)
            bus.publish_threadsafe("job")

        wait = asyncio.create_task(bus.wait_until("job", lambda: bool(done), bool, 30))
        await asyncio.to_thread(work)
        return await wait

    assert asyncio.run(scenario())


def test_waiters_are_forgotten_when_they_leave() -> None:
    async def scenario() -> dict[str, object]:
        bus = Bus()
        await bus.wait_until("job", lambda: False, bool, 0.001)
        return dict(bus._waiters)

    assert asyncio.run(scenario()) == {}


def test_what_was_published_can_be_taken_without_waiting() -> None:
    async def scenario() -> None:
        bus = Bus()
        with bus.subscribed([HEARD]) as heard:
            assert (heard.is_woken, heard.taken()) == (False, set())
            bus.publish(HEARD)
            assert (heard.is_woken, heard.taken()) == (True, {HEARD})
            assert (heard.is_woken, heard.taken()) == (False, set())

    asyncio.run(scenario())
