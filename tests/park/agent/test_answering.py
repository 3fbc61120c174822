"""What an agent answers, from its state and the time alone."""

from __future__ import annotations

import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from park.agent.answering import First, State, answered, given
from park.agent.messages import (
    Answer,
    Done,
    ForgetKey,
    GetToken,
    HoldKey,
    Keys,
    ListKeys,
    Lock,
    Question,
    Refusal,
    Stop,
    Unlock,
)
from park.errors import NotPermitted, ParkError, UnknownItem

LAB, SNS = "https://lab.example/park", "https://sns.example"


def after(state: State, *questions: Question, now: float = 0.0) -> tuple[State, Answer]:
    answer: Answer = Done()
    for question in questions:
        state, answer = answered(state, question, now, salt=b"s" * 16, pid=7)
    return state, answer


def holding(**said: object) -> State:
    key = HoldKey(**{"service": LAB, "token": "t", **said})  # type: ignore[arg-type]
    return after(State(), key)[0]


def test_a_token_is_given_out_for_its_service_alone() -> None:
    key, first = given(holding(user="ada"), GetToken(service=f"{LAB}/"), 1.0)
    assert (key.as_token().token, key.user) == ("t", "ada")
    assert first == First(refresh=False, confirm=False)
    for url in (SNS, "https://lab.example", "http://lab.example/park", f"{LAB}/x"):
        with pytest.raises(UnknownItem) as caught:
            given(holding(), GetToken(service=url), 1.0)
        assert caught.value.hint == f"park login {url}"


def test_what_comes_first_is_said() -> None:
    state = holding(confirm=True, expires=100.0, renewable_until=900.0)
    assert given(state, GetToken(service=LAB), 10.0)[1] == First(refresh=False, confirm=True)
    assert given(state, GetToken(service=LAB), 60.0)[1] == First(refresh=True, confirm=True)


def test_a_token_that_is_over_is_not_given_out() -> None:
    with pytest.raises(UnknownItem):
        given(holding(expires=100.0), GetToken(service=LAB), 100.0)
    with pytest.raises(UnknownItem):
        given(holding(lifetime_s=50.0), GetToken(service=LAB), 50.0)


def test_a_list_has_what_there_is_without_tokens() -> None:
    state, _ = after(holding(), HoldKey(service="https://a", token="park_marked", confirm=True))
    listed = after(state, ListKeys())[1]
    assert isinstance(listed, Keys)
    assert [key.service for key in listed.keys] == ["https://a", LAB]
    assert listed.pid == 7
    assert "marked" not in repr(listed)


def test_a_locked_one_gives_out_takes_and_tells_nothing() -> None:
    state, _ = after(holding(), Lock(passphrase="p"))
    for question in (HoldKey(service=SNS, token="u"), ForgetKey(service=LAB), Lock(passphrase="q")):
        with pytest.raises(NotPermitted, match="is locked"):
            after(state, question)
    with pytest.raises(NotPermitted, match="is locked"):
        given(state, GetToken(service=LAB), 0.0)
    assert after(state, ListKeys())[1] == Keys(keys=(), pid=7, locked=True)


def test_its_passphrase_opens_it_with_all_that_it_held() -> None:
    state, _ = after(holding(), Lock(passphrase="p"))
    wrong, told = after(state, Unlock(passphrase="q"))
    assert isinstance(told, Refusal)
    assert told.message == "that is not the passphrase"
    with pytest.raises(NotPermitted):
        given(wrong, GetToken(service=LAB), 10.0)
    state, told = after(wrong, Unlock(passphrase="p"), now=10.0)
    assert told == Done()
    assert given(state, GetToken(service=LAB), 10.0)[0].token == "t"
    with pytest.raises(NotPermitted, match="is not locked"):
        after(state, Unlock(passphrase="p"))


def test_what_is_forgotten_is_gone_and_so_is_all_at_the_end() -> None:
    assert after(holding(), ForgetKey(service=f"{LAB}/"))[0] == State()
    with pytest.raises(UnknownItem):
        after(holding(), ForgetKey(service=SNS))
    assert after(holding(), Stop())[0] == State()
    assert after(after(holding(), Lock(passphrase="p"))[0], Stop())[0] == State()


QUESTIONS = st.one_of(
    st.builds(
        HoldKey, service=st.sampled_from([LAB, SNS]), token=st.just("park_marked"),
        expires=st.none() | st.floats(0, 100), lifetime_s=st.none() | st.floats(-1, 100),
    ),
    st.builds(ForgetKey, service=st.sampled_from([LAB, SNS])),
    st.builds(Lock, passphrase=st.sampled_from(["", "p"])),
    st.builds(Unlock, passphrase=st.sampled_from(["p", "q"])),
    st.just(ListKeys()),
)  # fmt: skip


@settings(max_examples=25)  # scrypt takes its time, on purpose
@generated(st.lists(st.tuples(QUESTIONS, st.floats(0, 20)), max_size=12))
def test_whatever_comes_no_answer_but_a_token_has_a_secret_in_it(
    told: list[tuple[Question, float]],
) -> None:
    state, now = State(), 0.0
    for question, pause in told:
        now += pause
        try:
            state, answer = answered(state, question, now, salt=b"s" * 16, pid=7)
        except ParkError as error:
            answer = Refusal.of(error)
        assert "park_marked" not in repr(answer)
        assert "park_marked" not in repr(state)
        if state.locked is not None:
            with pytest.raises(NotPermitted):
                given(state, GetToken(service=LAB), now)
