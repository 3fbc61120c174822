"""Every metric of a service: its name, what it counts, and its labels. Nothing else is shown.

Names and units are as Prometheus has them: https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["CATALOGUE", "Kind", "Metric"]


class Kind(StrEnum):
    """How a metric goes: up and down, up alone (from 0 at each start), or in buckets."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; a counter's name ends in ``_total``."""

    kind: Kind
    name: str
    help: str
    labels: tuple[str, ...] = ()


_G, _C, _H = Kind.GAUGE, Kind.COUNTER, Kind.HISTOGRAM

CATALOGUE = (
    Metric(_G, "park_info", "1; the version of the service is a label.", ("version",)),
    Metric(_G, "park_ready", "Whether the service can take work: 1, or 0."),
    Metric(_G, "park_jobs", "Jobs that have not ended, by engine and state.", ("engine", "state")),
    Metric(_C, "park_jobs_ended_total", "Jobs that ended, by their end.", ("engine", "state")),
    Metric(_H, "park_job_waiting_seconds", "From submission to the last start.", ("engine",)),
    Metric(_H, "park_job_running_seconds", "From the last start to the end.", ("engine",)),
    Metric(_H, "park_job_whole_seconds", "From submission to the end.", ("engine",)),
    Metric(_G, "park_slots", "Slots of an engine that starts jobs itself.", ("engine",)),
    Metric(_G, "park_slots_taken", "Those of them that jobs have.", ("engine",)),
    Metric(_G, "park_environments", "Environments, by state.", ("state",)),
    Metric(_G, "park_environments_bytes", "What environments take beside the wheel store."),
    Metric(_G, "park_store_wheels", "Wheels in the wheel store."),
    Metric(_G, "park_store_bytes", "What the wheel store takes."),
    Metric(_G, "park_index_files", "Files that are published in the index, by layer.", ("layer",)),
    Metric(_G, "park_index_bytes", "What these take, by layer.", ("layer",)),
    Metric(_G, "park_home_free_bytes", "What is free on the disk of the home."),
    Metric(_G, "park_installs", "Installs that have not ended, by state.", ("state",)),
    Metric(_C, "park_installs_ended_total", "Installs that ended, by their end.", ("state",)),
    Metric(_H, "park_install_seconds", "From the request to the end of an install."),
    Metric(_C, "park_http_requests_total", "Requests, by part and status.", ("part", "status")),
    Metric(
        _H,
        "park_http_request_seconds",
        "To the end of an answer that waits for no news.",
        ("part",),
    ),
    Metric(_C, "park_index_requests_total", "Requests to the index.", ("kind", "status")),
    Metric(_G, "park_requests_waiting", "Requests that wait for news (long polls)."),
    Metric(_G, "park_event_streams", "Streams of events that are open."),
    Metric(_C, "park_database_changes_total", "Changes that were committed."),
    Metric(_H, "park_database_commit_seconds", "Durations of the commits of all changes."),
)
