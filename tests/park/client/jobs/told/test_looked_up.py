"""A job that is not there: the service that was asked is named, and how to find the job."""

from __future__ import annotations

import pytest

from park.client.jobs.told.looked_up import looked_up
from park.errors import ServiceFault, UnknownItem


def test_it_says_where_it_was_looked_for_and_where_it_may_be() -> None:
    with pytest.raises(UnknownItem) as told, looked_up("http://lab.example"):
        raise UnknownItem("no job 7f3abc on this service", hint="`park jobs` lists yours")
    assert told.value.message == "no job 7f3abc on this service, http://lab.example"
    assert told.value.hint == (
        "`park jobs` lists yours; `park jobs --everywhere` lists those of all your services"
    )
    with pytest.raises(UnknownItem) as told, looked_up("http://lab.example"):
        raise UnknownItem("no job 7f3abc on this service")
    assert str(told.value.hint).startswith("`park jobs --everywhere`")


def test_other_errors_are_as_they_were() -> None:
    with pytest.raises(ServiceFault, match=r"^it is ill$"), looked_up("http://lab.example"):
        raise ServiceFault("it is ill")
