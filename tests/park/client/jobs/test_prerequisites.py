"""What a job needs: what goes before it, what must be there first, and what grants open."""

from __future__ import annotations

import pytest
from support.stand_ins.job_service import JobService

from park.client.jobs.handle import Handle
from park.client.jobs.prerequisites import needed
from park.client.submission.item import Item, Opening, State


@pytest.fixture
def here() -> JobService:
    return JobService("http://here.example")


@pytest.fixture
def there() -> JobService:
    return JobService("http://there.example")


def piece(on: JobService, name: str, state: State | None = State.PENDING) -> Handle:
    """Return a piece on its way; without a state one that was there before this process."""
    if state is None:
        return Handle(on.service, name, None)
    item = Item(on.service.connection.outbox, name, "m:f")
    item.state = state
    return Handle(on.service, name, item)


def opening(on: JobService, *jobs: str, files: tuple[str, ...] = ()) -> Opening:
    return Opening(outbox=on.service.connection.outbox, jobs=jobs, files=files)


def url(service: JobService) -> str:
    return service.address.url


def test_a_piece_of_the_same_service_goes_before(here: JobService) -> None:
    first, second = piece(here, "a"), piece(here, "b", State.SENDING)
    assert needed([first, second, first], url(here), ()) == ((first.item, second.item), (), ())


def test_a_piece_of_another_service_is_committed_there_first_and_opened(
    here: JobService, there: JobService
) -> None:
    far = piece(there, "a")
    assert needed([far], url(here), ()) == ((), (far.item,), (opening(there, "a"),))


@pytest.mark.parametrize("state", [State.COMMITTED, None])
def test_what_is_there_already_is_not_waited_for_but_opened_all_the_same(
    here: JobService, there: JobService, state: State | None
) -> None:
    handles = [piece(here, "a", state), piece(there, "b", state)]
    assert needed(handles, url(here), ()) == ((), (), (opening(there, "b"),))


def test_a_failed_piece_is_kept_so_that_what_needs_it_fails_with_it(here: JobService) -> None:
    failed = piece(here, "a", State.FAILED)
    assert needed([failed], url(here), ())[0] == (failed.item,)


def test_what_a_grant_is_made_for_is_committed_first_on_the_same_service_too(
    here: JobService,
) -> None:
    opened = piece(here, "a")
    mine = opening(here, "a")
    assert needed([opened], url(here), [mine]) == ((), (opened.item,), (mine,))


def test_each_service_has_one_opening_with_all_that_it_opens(
    here: JobService, there: JobService
) -> None:
    known = Opening(
        outbox=there.service.connection.outbox, jobs=("a",), files=("~/x",), authorizes=True
    )
    handles = [piece(there, "a"), piece(there, "b"), piece(there, "b")]
    (made,) = needed(handles, url(here), [known])[2]
    assert made == Opening(outbox=known.outbox, jobs=("a", "b"), files=("~/x",), authorizes=True)
