from __future__ import annotations

from support.faults.full_disk import database_is_full, no_room

from park_server.installs.service_faults import fault_of


def test_a_disk_that_refuses_is_the_operators_affair() -> None:
    for error in (no_room(), database_is_full()):
        fault = fault_of(error)
        assert fault.message.startswith("the disk of the service refused the environment: ")
        assert "operator" in str(fault.hint)


def test_anything_else_is_a_defect_that_names_itself() -> None:
    fault = fault_of(KeyError("lock"))
    assert fault.message == "the service failed to install: KeyError: 'lock'"
    assert "defect" in str(fault.hint)
