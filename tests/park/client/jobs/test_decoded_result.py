"""Results on their way back: data is read anywhere, a pickle only by the set that wrote it."""

from __future__ import annotations

import sys
from collections import OrderedDict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from park.build.cache import user_cache
from park.build.local_set import local_set
from park.client.jobs.decoded_result import decode_result, set_hash_here
from park.errors import EnvironmentMismatch
from park.runtime import codec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OURS = "5" * 64
OTHER = "9" * 64


def pickled(value: object, set_hash: str = OURS) -> Any:
    return codec.encode(value, set_hash=set_hash)


def decoded(document: Any, *, job: str | None = OURS, here: str | None = OURS) -> Any:
    return decode_result(document, entry_point="m:f", set_hash=job, here=lambda: here)


@pytest.mark.parametrize("set_hash", [None, OTHER])
def test_data_is_read_whatever_the_set_was(set_hash: str | None) -> None:
    value = {"chisq": 1.25, "names": ("a", "b"), "big": 2**70}
    assert decoded(codec.encode(value, set_hash=None), job=set_hash) == value


def test_a_pickle_of_any_type_is_read_where_the_set_of_the_job_is() -> None:
    value = {"found": [Decimal("1.2")], "also": (OrderedDict(a=1), range(3))}
    assert decoded(pickled(value)) == value


@pytest.mark.parametrize(
    ("job", "here", "said"),
    [
        (OURS, OTHER, "here m is of the set 999999999999…"),
        (OURS, None, "what that is here is unknown: m is not installed"),
        (None, OURS, "made under the set that nobody knows"),
    ],
    ids=["another", "none", "unknown"],
)
def test_a_pickle_of_another_set_is_not_even_tried(
    job: str | None, here: str | None, said: str
) -> None:
    with pytest.raises(EnvironmentMismatch, match=r"a pickle of decimal\.Decimal") as told:
        decoded(pickled(Decimal(1)), job=job, here=here)
    assert said in told.value.message
    assert 'result(as_="json")' in str(told.value.hint)
    assert "lock=job.lock_hash" in str(told.value.hint)


def test_a_pickle_that_says_another_set_than_its_job_is_not_read() -> None:
    with pytest.raises(EnvironmentMismatch, match="pickled under the set 9999"):
        decoded(pickled(Decimal(1), OTHER))


class Film:
    """Stands for a class of a script."""


@pytest.mark.parametrize("nest", [lambda film: film, lambda film: OrderedDict(deep=[film])])
def test_what_belongs_to_a_script_is_read_in_its_session_alone(
    nest: Callable[[object], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    # another session has a class of that name, too, which is not this one
    monkeypatch.setattr(Film, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Film", Film, raising=False)
    document = pickled(nest(Film()))
    with pytest.raises(EnvironmentMismatch, match="in another session than this") as told:
        decoded(document)
    assert 'result(as_="json")' in str(told.value.hint)
    found = decode_result(
        document, entry_point="m:f", set_hash=OURS, here=lambda: OURS, is_of_session=True
    )
    assert type(found) in {Film, OrderedDict}


def test_what_a_function_of_a_script_returned_is_read_where_its_set_is() -> None:
    def of_script(here: str | None) -> Any:
        document = pickled(Decimal(1))
        return decode_result(document, entry_point="__main__:f", set_hash=OURS, here=lambda: here)

    assert of_script(OURS) == Decimal(1)
    with pytest.raises(EnvironmentMismatch, match="not all that is in it is installed here"):
        of_script(None)


def test_what_is_here_is_not_looked_at_where_nothing_is_pickled() -> None:
    def look() -> str:
        raise AssertionError

    assert decode_result([1], entry_point="m:f", set_hash=OURS, here=look) == [1]


def test_a_value_of_a_later_kind_is_told() -> None:
    with pytest.raises(EnvironmentMismatch, match="unknown kind 'hologram'"):
        decoded({"$park": "hologram"})


def test_the_set_here_is_that_of_the_entry_points_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path / "cache"))
    here = local_set("packaging", cache=user_cache()).requirements.hash
    assert set_hash_here("packaging.version:Version") == here
    assert set_hash_here("no_such_project:f") is None
    assert set_hash_here("no entry point") is None
