"""Any condition that users can write, for Hypothesis: leaves of every kind, and what joins them."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from hypothesis import strategies as st

from park.model.conditions import (
    OPERATORS,
    After,
    At,
    Before,
    Comparison,
    Expression,
    InstallIs,
    JobIs,
    Literal,
    Not,
    Phase,
    Pool,
    all_of,
    any_of,
    at_least_of,
)
from park.model.references import Reference, What

__all__ = ["every_kind", "job_leaves", "jobs_only"]

names = st.sampled_from("abcd")
phases = st.sampled_from(list(Phase))
services = st.none() | st.just("https://sns.example.org/park")
job_leaves = st.builds(JobIs, job=names, phase=phases, service=services)
install_leaves = st.builds(
    InstallIs,
    install=names,
    phase=st.sampled_from([Phase.COMPLETED, Phase.FAILED, Phase.FINISHED]),
    service=services,
)
keys = st.text(min_size=1, max_size=5) | st.integers(-3, 9)
steps = st.tuples(st.just("item"), keys) | st.tuples(
    st.just("attribute"), st.sampled_from(["chisq", "x_1"])
)
references = st.builds(
    Reference,
    job=names,
    what=st.sampled_from([What.VALUE, What.PROGRESS]),
    service=services,
    path=st.lists(steps, max_size=3).map(tuple),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
signs = st.sampled_from(sorted(OPERATORS))
comparisons = st.builds(
    Comparison, left=references, operator=signs, right=st.builds(Literal, value=values)
) | st.builds(Comparison, left=st.builds(Literal, value=values), operator=signs, right=references)
moments = st.datetimes(timezones=st.just(UTC))
negatable = job_leaves | install_leaves | comparisons
all_leaves = (
    negatable
    | st.builds(Pool, name=st.just("license:fitter"), count=st.integers(1, 9))
    | st.builds(At, moment=moments)
    | st.builds(Before, moment=moments)
    | st.builds(After, seconds=st.floats(0, 1e6))
)


def expressions(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Expression]:
    """Return conditions over ``parts``, as users join them."""

    def joined(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        some = st.lists(inner, min_size=1, max_size=4)
        counted = some.flatmap(
            lambda found: st.integers(1, len(found)).map(lambda count: at_least_of(count, found))
        )
        return some.map(all_of) | some.map(any_of) | counted

    return st.recursive(parts, joined, max_leaves=8)


jobs_only = expressions(job_leaves | job_leaves.map(lambda leaf: Not(leaf=leaf)))
every_kind = expressions(all_leaves | negatable.map(lambda leaf: Not(leaf=leaf)))
