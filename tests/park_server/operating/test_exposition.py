"""What is gathered is told in the formats of Prometheus, each metric of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from park_repo.histogram import Histogram
from park_server.operating.catalogue import CATALOGUE, Kind
from park_server.operating.exposition import exposed

if TYPE_CHECKING:
    from park_server.operating.metrics import Gathered


def gathered() -> Gathered:
    """Return each metric with one value."""
    seconds = Histogram((1.0,))
    seconds.observe(0.5)
    return {
        each.name: {("x",) * len(each.labels): seconds if each.kind is Kind.HISTOGRAM else 3}
        for each in CATALOGUE
    }


def test_each_metric_is_told_as_what_it_is() -> None:
    page, media_type = exposed(gathered(), "")
    assert media_type.startswith("text/plain")
    families = {each.name: each for each in text_string_to_metric_families(page.decode())}
    for each in CATALOGUE:
        found = families[each.name.removesuffix("_total")]
        assert (found.type, found.documentation) == (each.kind, each.help)
        assert all(set(each.labels) <= set(sample.labels) for sample in found.samples)
    (count,) = [
        sample.value
        for sample in families["park_job_whole_seconds"].samples
        if sample.name.endswith("_count")
    ]
    assert count == 1.0
    assert "process_cpu_seconds" in families


def test_who_asks_for_openmetrics_gets_that() -> None:
    page, media_type = exposed(gathered(), "application/openmetrics-text; version=1.0.0")
    assert media_type.startswith("application/openmetrics-text")
    assert page.endswith(b"# EOF\n")
