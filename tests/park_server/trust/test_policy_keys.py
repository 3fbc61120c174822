"""The keys of a policy are those that its records have, and no others."""

from __future__ import annotations

from dataclasses import fields

from park_server.quotas.limits import Limits
from park_server.trust.policy import GrantLimits, LoginPolicy
from park_server.trust.policy_keys import LIMIT_KEYS, POLICY_KEYS


def test_each_field_has_a_key_and_each_key_a_field() -> None:
    for keys, record in (
        (POLICY_KEYS["grants"], GrantLimits),
        (POLICY_KEYS["login"], LoginPolicy),
        (LIMIT_KEYS, Limits),
    ):
        assert list(keys) == [field.name for field in fields(record)]
