"""The jobs that this process has submitted."""

from __future__ import annotations

from concurrent.futures import Future

from park.client.submission.binding import Binding
from park.client.submission.session_jobs import binding_of, is_of_session, remember


def test_a_job_is_of_the_session_that_submitted_it_before_it_is_bound() -> None:
    binding: Future[Binding] = Future()
    assert not is_of_session("session-a")
    remember("session-a", binding)
    assert is_of_session("session-a")
    assert binding_of("session-a") is None
    bound = Binding(set_hash="2" * 64)
    binding.set_result(bound)
    assert binding_of("session-a") is bound


def test_one_that_could_not_be_bound_has_no_binding() -> None:
    binding: Future[Binding] = Future()
    binding.set_exception(LookupError())
    remember("session-b", binding)
    remember("session-c", None)
    for job in ("session-b", "session-c", "session-unknown"):
        assert binding_of(job) is None
    assert is_of_session("session-c")
