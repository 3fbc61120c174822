"""The rules for alerts speak when they are to, and at no other time: Prometheus itself says so."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from park_server.samples.printed import sample

if TYPE_CHECKING:
    from pathlib import Path

PROMTOOL = shutil.which("promtool")

WAIT = "jobs are queued on slurm, and for 15 minutes none runs or ends"
FAILS = "requests were answered 500: a defect; the log has the traceback"


def jobs(engine: str, state: str, values: str) -> tuple[str, str]:
    return f'park_jobs{{engine="{engine}",state="{state}",instance="a"}}', values


def ended(engine: str, state: str, values: str) -> tuple[str, str]:
    return f'park_jobs_ended_total{{engine="{engine}",state="{state}",instance="a"}}', values


def requests(status: int, values: str) -> tuple[str, str]:
    return f'park_http_requests_total{{part="api",status="{status}",instance="a"}}', values


def case(alert: str, *series: tuple[str, str], told: dict[str, Any]) -> dict[str, Any]:
    """Return a case of promtool's: at which times what is ``told``, if anything, once a minute."""
    asked = [
        {
            "eval_time": at,
            "alertname": alert,
            "exp_alerts": [
                {
                    "exp_labels": {"severity": "ticket", "instance": "a", **labels},
                    "exp_annotations": {"summary": line},
                }
                for labels, line in alerts
            ],
        }
        for at, alerts in told.items()
    ]
    given = [{"series": name, "values": values} for name, values in series]
    return {"interval": "1m", "input_series": given, "alert_rule_test": asked}


CASES = {
    "others are queued behind jobs that end, or that run for hours": case(
        "ParkJobsWait",
        jobs("local", "queued", "5x60"),
        ended("local", "completed", "0+10x60"),
        ended("local", "cancelled", "3x60"),
        jobs("parsl", "queued", "5x60"),
        jobs("parsl", "running", "2x60"),
        ended("parsl", "completed", "7x60"),
        told={"50m": []},
    ),
    "nothing runs of what is queued": case(
        "ParkJobsWait",
        jobs("slurm", "queued", "5x60"),
        jobs("slurm", "running", "0x60"),
        told={"50m": [({"engine": "slurm"}, WAIT)]},
    ),
    "one request was answered 500, the first one since the start": case(
        "ParkFails",
        requests(200, "0+9x60"),
        requests(500, "_x30 1x30"),
        told={"29m": [], "40m": [({}, FAILS)], "58m": []},
    ),
}


@pytest.mark.where_possible
@pytest.mark.skipif(PROMTOOL is None, reason="there is no promtool on this machine")
@pytest.mark.parametrize("name", CASES)
def test_an_alert_is_given_for_what_it_says_and_for_nothing_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "park-alerts.yml").write_text(sample("alerts"))
    cases = {"rule_files": ["park-alerts.yml"], "evaluation_interval": "1m", "tests": [CASES[name]]}
    (tmp_path / "cases.yml").write_text(json.dumps(cases))
    for words in (["check", "rules", "park-alerts.yml"], ["test", "rules", "cases.yml"]):
        done = subprocess.run(
            [str(PROMTOOL), *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
