"""What a service may be called; `test_service` has more names that it may not."""

from __future__ import annotations

import pytest

from park.cli.services.service_names import checked_name, proposed_name
from park.errors import UsageError


@pytest.mark.parametrize("name", ["sns", "sns-2.dev", "s", "Gerät_1"])
def test_letters_digits_and_signs_between_are_a_name(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(("name", "proposed"), [("x y", "x-y"), ("-s", "s"), ("", "NAME")])
def test_a_name_that_a_shell_takes_apart_is_refused_with_another(name: str, proposed: str) -> None:
    assert proposed_name(name) == proposed
    with pytest.raises(UsageError) as caught:
        checked_name(name)
    assert caught.value.hint == f"for example {proposed}"
