"""What stands for a piece is known by its id, on whichever service and however it was made."""

from __future__ import annotations

from support.stand_ins.job_service import JobService

from park.client.jobs.handle import Handle


def test_handles_of_one_id_are_the_same() -> None:
    one, other = JobService(), JobService("http://other.example")
    handle = Handle(one.service, "a", None)
    assert handle == Handle(other.service, "a", None)
    assert handle != Handle(one.service, "b", None)
    assert handle != "a"
    assert len({handle, Handle(one.service, "a", None), Handle(one.service, "b", None)}) == 2


def test_a_handle_knows_where_it_is() -> None:
    one = JobService()
    job = one.bind().service.submit("m:f")
    assert job.item is not None
    assert job.item.id == job.id
    handle = Handle(one.service, "a", job.item)
    assert (handle.id, handle.item) == ("a", job.item)
    assert handle.service is one.service
    assert handle.connection is one.service.connection
