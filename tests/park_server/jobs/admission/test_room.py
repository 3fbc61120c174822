"""What jobs hold of an engine: never more than there is, and all of it given back."""

from __future__ import annotations

from park.model.asked.resources import Resources
from park.model.ids import JobId
from park_server.jobs.admission.room import Room, engine_of, room_of_slots
from park_server.jobs.engines.offers import EngineOffer

ONE, TWO, THREE = map(JobId, "123")


def test_a_job_takes_as_many_slots_as_it_asks_cpus_and_gives_them_back() -> None:
    room = room_of_slots(4)
    assert room.take(ONE, Resources(cpus=3))
    assert room.take(ONE, Resources(cpus=3))  # once
    assert room.slots() == (3, 4)
    assert not room.take(TWO, Resources(cpus=2))
    assert room.take(THREE, None)
    assert room.is_full("local")
    room.free(ONE)
    room.free(ONE)
    assert room.take(TWO, Resources(cpus=2))
    assert room.slots() == (3, 4)


def test_devices_are_counted_beside_slots() -> None:
    room = Room([EngineOffer(name="local", cpus=4, gpus=1)])
    assert room.take(ONE, Resources(gpus=1))
    assert not room.take(TWO, Resources(gpus=1))
    assert room.take(THREE, None)
    room.free(ONE)
    assert room.take(TWO, Resources(gpus=1))


def test_what_asks_for_more_than_there_is_any_more_runs_alone() -> None:
    room = room_of_slots(2)
    assert room.take(ONE, None)
    assert not room.take(TWO, Resources(cpus=8))
    room.free(ONE)
    assert room.take(TWO, Resources(cpus=8))
    assert room.slots() == (2, 2)


def test_what_runs_already_is_counted_whether_or_not_there_is_room() -> None:
    room = room_of_slots(1)
    room.hold(ONE, None)
    room.hold(TWO, Resources(cpus=2))
    assert room.slots() == (3, 1)
    assert not room.take(THREE, None)


def test_an_engine_with_a_queue_of_its_own_always_has_room() -> None:
    room = Room([EngineOffer(name="local", cpus=1), EngineOffer(name="slurm", is_cluster=True)])
    elsewhere = Resources(engine="slurm", cpus=64)
    assert room.take(ONE, None)
    assert room.take(TWO, elsewhere)
    assert room.take(THREE, elsewhere)
    assert room.slots() == (1, 1)
    assert not room.is_full("slurm")
    assert room.engines == ("local", "slurm")


def test_a_job_that_names_no_engine_is_for_the_default() -> None:
    assert engine_of(None, "local") == engine_of(Resources(), "local") == "local"
    assert engine_of(Resources(engine="slurm"), "local") == "slurm"
