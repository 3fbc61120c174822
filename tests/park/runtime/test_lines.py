"""Messages as lines over a socket."""

from __future__ import annotations

import socket

from park.runtime.lines import LineSocket


def test_lines_wait_for_a_reader_and_keep_their_order() -> None:
    ours, theirs = socket.socketpair()
    sender, receiver = LineSocket(ours), LineSocket(theirs)
    count = 0
    while not sender.has_output:
        assert sender.send({"number": count, "filling": "x" * 10_000})
        count += 1
    seen: list[int] = []
    while len(seen) < count:
        received = receiver.receive()
        assert received is not None
        seen += [message["number"] for message in received]
        sender.flush()
    assert seen == list(range(count))
    ours.close()
    assert receiver.receive() is None
    theirs.close()


def test_a_line_that_is_held_goes_with_the_next() -> None:
    ours, theirs = socket.socketpair()
    sender, receiver = LineSocket(ours), LineSocket(theirs)
    sender.hold({"number": 1})
    assert (sender.holds, sender.has_output, receiver.receive()) == (True, False, [])
    assert sender.send({"number": 2})
    assert not sender.holds
    assert receiver.receive() == [{"number": 1}, {"number": 2}]
    sender.hold({"number": 3})
    assert sender.flush()
    assert receiver.receive() == [{"number": 3}]
    ours.close()
    theirs.close()


def test_sending_to_nobody_is_told() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    assert not LineSocket(ours).send({})
    ours.close()
