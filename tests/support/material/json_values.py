"""Every value that JSON has, and those that most programs lose."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["ANY_TEXT", "JSON_VALUES"]

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Half a surrogate pair included, which UTF-8 cannot hold and JSON can."""

_INTEGERS = st.integers() | st.integers(min_value=2**63) | st.sampled_from([10**400, -(2**64)])

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | _INTEGERS
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([2.0, -0.0, 1e22])
    | ANY_TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(ANY_TEXT.filter(lambda key: key != "$park"), inner, max_size=4)
    ),
    max_leaves=10,
)
