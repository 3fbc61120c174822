"""What jobs hold of an engine: never more than there is, and all of it given back."""

from __future__ import annotations

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park_server.jobs.admission.room import Room, engine_of, room_of_slots
from park_server.jobs.engines.offers import EngineOffer

ONE, TWO, THREE = map(JobId, "123")


def test_a_job_takes_as_many_slots_as_it_asks_cpus_and_gives_them_back() -> None:
    room = room_of_slots(4)
    for _ in range(2):  # counted once
        room.take(ONE, Resources(cpus=3))
    assert room.slots() == (3, 4)
    assert room.count("local") == 1
    assert room.fits(None)
    assert not room.fits(Resources(cpus=2))
    room.take(THREE, None)
    assert room.is_full("local")
    assert not room.fits(None)
    room.free(ONE)
    room.free(ONE)
    assert room.slots() == (1, 4)
    assert room.fits(Resources(cpus=3))


def test_devices_are_counted_beside_slots() -> None:
    room = Room([EngineOffer(name="local", cpus=4, gpus=1)])
    room.take(ONE, Resources(gpus=1))
    assert not room.fits(Resources(gpus=1))
    assert room.fits(None)
    room.free(ONE)
    assert room.fits(Resources(gpus=1))


def test_what_asks_for_more_than_there_is_any_more_runs_alone() -> None:
    room = room_of_slots(2)
    room.take(ONE, None)
    assert not room.fits(Resources(cpus=8, gpus=1))
    room.free(ONE)
    assert room.fits(Resources(cpus=8, gpus=1))
    room.take(TWO, Resources(cpus=8, gpus=1))
    assert room.slots() == (2, 2)


def test_what_runs_already_is_counted_whether_or_not_there_is_room() -> None:
    room = room_of_slots(1)
    room.take(ONE, None)
    room.take(TWO, None)
    assert room.slots() == (2, 1)
    assert not room.fits(None)


def test_an_engine_with_a_queue_of_its_own_always_has_room() -> None:
    room = Room([EngineOffer(name="local", cpus=1), EngineOffer(name="slurm", is_cluster=True)])
    elsewhere = Resources(engine="slurm", cpus=64)
    room.take(ONE, None)
    for job in (TWO, THREE):
        assert room.fits(elsewhere)
        room.take(job, elsewhere)
    assert room.slots() == (1, 1)
    assert (room.count("slurm"), room.is_full("slurm")) == (2, False)
    assert (room.engines, room.shared) == (("local", "slurm"), "local")
    room.take(JobId("4"), Resources(engine="gone"))  # it is told so where it is started


def test_a_job_that_names_no_engine_is_for_the_default() -> None:
    assert engine_of(None, "local") == engine_of(Resources(), "local") == "local"
    assert engine_of(Resources(engine="slurm"), "local") == "slurm"
