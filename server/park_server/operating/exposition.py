"""Gathered metrics in the formats of Prometheus, by its own library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from park_repo.histogram import Histogram
from park_server.operating.catalogue import CATALOGUE, Kind, Metric
from park_server.operating.metrics import Gathered

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

__all__ = ["exposed"]


def exposed(gathered: Gathered, accept: str) -> tuple[bytes, str]:
    """Return the page of ``gathered`` and its media type, as ``accept`` has it.

    With it are the processor time, memory and descriptors of this process.
    """
    # a tenth of a second of imports, which a service that nobody scrapes does without
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Gathered(gathered))
    ProcessCollector(registry=registry)
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Gathered:
    """A collector, as the library calls what it asks for metrics."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered

    def collect(self) -> Iterator[Family]:
        """Yield each metric of the catalogue, with its values."""
        for metric in CATALOGUE:
            yield _family(metric, self._gathered)


def _family(metric: Metric, gathered: Gathered) -> Family:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    kinds = {
        Kind.GAUGE: GaugeMetricFamily,
        Kind.COUNTER: CounterMetricFamily,
        Kind.HISTOGRAM: HistogramMetricFamily,
    }
    family: Any = kinds[metric.kind](metric.name, metric.help, labels=list(metric.labels))
    for labels, value in gathered[metric.name].items():
        if isinstance(value, Histogram):
            family.add_metric(list(labels), value.cumulative(), value.total)
        else:
            family.add_metric(list(labels), value)
    return cast("Family", family)
