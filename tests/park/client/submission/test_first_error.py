"""What went wrong in a block: the first error, with the others that are its equals as notes."""

from __future__ import annotations

from typing import Any

from park.client.submission.first_error import first_error
from park.client.submission.item import Item, State
from park.errors import UsageError


class Outbox:
    """Settles what is waited for: with the error that a test gave it, or well."""

    def __init__(self) -> None:
        self.errors: dict[str, tuple[Exception, Exception]] = {}
        self.waited: list[list[str]] = []

    def wait(self, items: Any, _timeout: float | None = None) -> bool:
        self.waited.append([item.id for item in items])
        for item in items:
            error = self.errors.get(item.id)
            item.state = State.COMMITTED if error is None else State.FAILED
            if error is not None:
                item.error, item.root = error
        return True


def items(outbox: Any, names: str) -> list[Item]:
    return [Item(outbox, name, "m:f", document={}) for name in names]


def failing(outbox: Outbox, name: str, because: Exception | None = None) -> Exception:
    error = UsageError(f"{name} is refused")
    outbox.errors[name] = (error, because or error)
    return error


def notes(error: BaseException | None) -> list[str]:
    return getattr(error, "__notes__", [])


def test_all_are_waited_for_with_one_question_to_each_service() -> None:
    one, two = Outbox(), Outbox()
    first, far, second = *items(one, "a"), *items(two, "b"), *items(one, "c")
    assert first_error([first, far, second]) is None
    assert (one.waited, two.waited) == ([["a", "c"]], [["b"]])
    assert first_error([]) is None


def test_the_first_in_the_order_of_the_block_is_raised_and_the_others_are_notes() -> None:
    outbox = Outbox()
    failing(outbox, "c")
    first = failing(outbox, "b")
    pieces = items(outbox, "abc")
    assert first_error(pieces) is first
    assert notes(first) == [f"{pieces[2]}: c is refused"]
    assert [item.told for item in pieces] == [False, True, True]


def test_what_failed_for_want_of_another_is_told_by_that_other() -> None:
    outbox = Outbox()
    root = failing(outbox, "a")
    failing(outbox, "b", because=root)
    failing(outbox, "c", because=root)
    pieces = items(outbox, "abc")
    assert first_error(pieces) is root
    assert notes(root) == []
    assert all(item.told for item in pieces)


def test_many_are_counted() -> None:
    outbox = Outbox()
    for name in "abcdefghijklmn":
        failing(outbox, name)
    error = first_error(items(outbox, "abcdefghijklmn"))
    assert len(notes(error)) == 11
    assert notes(error)[-1] == "and 3 more"


def test_it_is_told_without_what_is_behind_it() -> None:
    outbox = Outbox()
    failing(outbox, "a").__cause__ = LookupError("deep down")
    error = first_error(items(outbox, "a"))
    assert error is not None
    assert (error.__cause__, error.__suppress_context__) == (None, True)
