"""What goes over the agent's socket: whole, and nothing else."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.agent.messages import Answer, HoldKey, KeyLine, Question, Token, decoded, encoded
from park.errors import UsageError

SECRET = "park_marked_secret"

TEXTS = st.text(max_size=40)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": TEXTS,
    "bool": st.booleans(),
    "int": st.integers(0, 1 << 40),
    "float | None": NUMBERS,
    "str | None": st.none() | TEXTS,
}


def any_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    lines = st.lists(st.deferred(lambda: any_of(KeyLine)), max_size=3).map(tuple)
    types = {**OF_TYPE, "tuple[KeyLine, ...]": lines}
    return st.builds(kind, **{entry.name: types[str(entry.type)] for entry in fields(kind)})


MESSAGES = st.one_of([any_of(kind) for kind in (*get_args(Question), *get_args(Answer))])


@given(MESSAGES)
def test_a_message_is_a_line_and_comes_back_as_it_was(message: Question | Answer) -> None:
    line = encoded(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decoded(line) == message


@given(MESSAGES, st.text(), st.none() | st.integers() | st.lists(st.integers()))
def test_what_is_not_known_of_a_message_is_left_out(
    message: Question | Answer, name: str, value: object
) -> None:
    document = json.loads(encoded(message))
    newer = {f"newer {name}": value, **document}
    assert decoded(json.dumps(newer).encode()) == message


@given(st.binary(max_size=200))
def test_anything_else_is_refused(line: bytes) -> None:
    try:
        message = decoded(line)
    except UsageError:
        return
    assert decoded(encoded(message)) == message


@given(MESSAGES, st.data())
def test_a_field_of_another_type_is_refused(
    message: Question | Answer, data: st.DataObject
) -> None:
    document = json.loads(encoded(message))
    name = data.draw(st.sampled_from(sorted(document)))
    document[name] = {"something": "else"}
    with pytest.raises(UsageError):
        decoded(json.dumps(document).encode())


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"{", b"[]", b"null", b"{}", b'{"is":"Nothing"}', b'{"is":["HoldKey"]}'),
        *(b"[" * 100_000, b'{"is":"HoldKey"}', b'{"is":"Keys","keys":[1],"pid":1}'),
    ],
)
def test_what_is_no_message_is_told_without_what_was_in_it(line: bytes) -> None:
    secret = line.replace(b"{", b'{"token":"%s",' % SECRET.encode(), 1)
    for each in (line, secret):
        with pytest.raises(UsageError, match="by the agent's socket is") as caught:
            decoded(each)
        assert SECRET not in f"{caught.value}{caught.value.__cause__}"


def test_no_secret_is_in_a_representation() -> None:
    for message in (HoldKey(service="https://h", token=SECRET), Token(token=SECRET)):
        assert SECRET not in repr(message)
