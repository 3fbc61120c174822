"""A module with decisions has its test under the same path; which have none, and why."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
MIRRORS = {
    ROOT / "park_dist" / "park": ROOT / "tests" / "park",
    ROOT / "repo" / "park_repo": ROOT / "tests" / "park_repo",
    ROOT / "server" / "park_server": ROOT / "tests" / "park_server",
}

RECORDS = "records without validation; their form is tested in park/wire/test_form"
ROUTES = "thin routes: their order is tested by the services of tests/functional"
PARTS = "puts parts together and decides nothing; every functional test starts it"
PAGE_ROUTES = "routes; functional/page asks them, and looks at what a browser makes of them"
SCHEMA = "declares tables; db/test_migrate compares them with what migrations lead to"

APART = "functional/cluster/test_nodes_apart asks it from a node that shares nothing"
PILOTS = "a process, or its other end; functional/cluster/test_pilots kills each of them"
BOTH = "db/test_both_dialects asks SQLite and a real PostgreSQL"
REVOKES = "others do each step; functional/trust/test_owners ends a user's jobs with it"

LOGINS = "what it prints and asks is tried whole: functional/trust/test_agent"
IN_SHELLS = "what the shell itself makes of it: cli/shells/test_in_shells"
FITS = "runs bumps; functional/jobs/fits fits with several versions of it"
CRATES = "functional/workflows/test_crates exports real jobs, and runs them again"
DEBUGS = "functional/workflows/test_debugging debugs real jobs with it"
THROWN_AWAY = "functional/services/test_throwaway starts some"

WITHOUT = {
    "park/build/gathered/nothing_required.py": "has nothing in it",
    "park/build/step.py": "a type, and a function that does nothing",
    "park/cli/jobs/explain.py": "prints a record; functional/memo/test_rerun reads it",
    "park/cli/jobs/memo.py": "prints records; functional/memo/test_rerun reads them",
    "park/cli/replay/debug.py": DEBUGS,
    "park/cli/replay/export.py": CRATES,
    "park/cli/replay/reproduce.py": CRATES,
    "park/runtime/by_value/courier.py": "says what is asked, and decides nothing",
    "park/client/crates/gathering.py": CRATES,
    "park/client/crates/crate_records.py": "records",
    "park/client/crates/calls_again.py": CRATES,
    "park/client/crates/run_here.py": CRATES,
    "park/client/crates/run_there.py": CRATES,
    "park/client/installs/sent_wheels.py": CRATES,
    "park/client/debugging/park_beside.py": DEBUGS,
    "park/runtime/node/debugged.py": DEBUGS,
    "park/cli/services/agent.py": LOGINS,
    "park/cli/services/login.py": LOGINS,
    "park/cli/jobs/pin.py": "one call; test_each_job makes it",
    "park/cli/jobs/rm.py": "one call; test_each_job makes it",
    "park/cli/jobs/unpin.py": "one call; test_each_job makes it",
    "park/cli/services/key_rotation.py": "cli/services/test_grants asks both",
    "park/cli/services/peer_revocation.py": "cli/services/test_grants revokes one",
    "park/cli/services/queues.py": "prints records; functional/jobs/test_resources reads them",
    "park/cli/services/share.py": "cli/services/test_people asks each",
    "park/cli/services/token.py": "cli/services/test_people asks each",
    "park/cli/shells/bash.py": IN_SHELLS,
    "park/cli/shells/fish.py": IN_SHELLS,
    "park/cli/shells/zsh.py": IN_SHELLS,
    "park/client/access/administration.py": "requests; cli/services/test_people makes them",
    "park/client/choosing/version_lines.py": "lines; cli/code/test_versions prints them",
    "park/client/installs/request.py": "functional/installs tries each step of it",
    "park/client/installs/used_version.py": "functional/envs/test_other_versions uses versions",
    "park/client/workflows/memory.py": "requests; functional/memo/test_rerun makes them",
    "park/fitting/body.py": FITS,
    "park/fitting/population.py": "one line; client/populations/test_bumps_mapper calls it",
    "park/fitting/what_is_left.py": FITS,
    "park/testing/plugin.py": THROWN_AWAY,
    "park/testing/throwaway.py": THROWN_AWAY,
    "park/wire/admin_records.py": RECORDS,
    "park/wire/engine_records.py": RECORDS,
    "park/wire/environment_records.py": RECORDS,
    "park/wire/index_records.py": RECORDS,
    "park/cli/services/approvals.py": "functional/envs/test_other_versions types each",
    "park/wire/approval_records.py": RECORDS,
    "park/wire/pass_records.py": RECORDS,
    "park/wire/quota_records.py": RECORDS,
    "park/wire/install_records.py": RECORDS,
    "park/wire/job_records.py": RECORDS,
    "park/wire/memo_records.py": "records",
    "park/wire/pin_record.py": RECORDS,
    "park/wire/race_records.py": RECORDS,
    "park/wire/requests/install_request.py": RECORDS,
    "park/wire/requests/job_request.py": RECORDS,
    "park/wire/retention_records.py": RECORDS,
    "park/wire/workflow_records.py": RECORDS,
    "park_repo/checks/file_facts.py": "a record; test_wheel_checks reads its facts",
    "park_repo/clock.py": "one call of the clock",
    "park_repo/sql/custody.py": "answers nothing; test_database writes with it",
    "park_repo/sql/postgresql_engine.py": "sql/test_exact_values reads and writes by it",
    "park_repo/sql/sqlite_engine.py": "test_database reads and writes by it",
    "park_repo/sql/told.py": "one call of the driver",
    "park_repo/tables.py": SCHEMA,
    "park_repo/user_agent.py": "one constant",
    "park_server/accounts/account_rows.py": "rows; accounts/test_assignment keeps and finds them",
    "park_server/operating/catalogue.py": "values; exposition and samples are compared with them",
    "park_server/operating/metrics.py": "gathers; functional/services/test_watching reads all",
    "park_server/assembly/account_parts.py": "puts parts together; functional/jobs/test_accounts",
    "park_server/assembly/cage_parts.py": "puts parts together; functional/jobs/test_accounts",
    "park_server/assembly/engine_parts.py": PARTS,
    "park_server/assembly/foundation.py": PARTS,
    "park_server/process/given_settings.py": "hands on each option; functional tests give them",
    "park_server/assembly/guard_parts.py": "puts parts together; services/test_disk_guard",
    "park_server/assembly/index_parts.py": PARTS,
    "park_server/assembly/job_parts.py": PARTS,
    "park_server/assembly/lending_parts.py": PARTS,
    "park_server/assembly/login_parts.py": PARTS,
    "park_server/assembly/node_parts.py": "puts parts together; cluster/test_nodes_apart",
    "park_server/assembly/memo_parts.py": "puts parts together; functional/memo/test_rerun",
    "park_server/assembly/retention_parts.py": PARTS,
    "park_server/jobs/engines/pilots/driver_link.py": PILOTS,
    "park_server/node_desk/desk.py": APART,
    "park_server/on_node/environment.py": APART,
    "park_server/break_glass/revocation.py": REVOKES,
    "park_server/break_glass/wheel_quarantine.py": "functional/trust/test_owners sets one aside",
    "park_server/command.py": "arguments; test_settings and test_operator_settings read them",
    "park_server/db/piece_tables.py": SCHEMA,
    "park_server/db/portable_schema.py": BOTH,
    "park_server/db/portable_sql.py": BOTH,
    "park_server/db/portable_types.py": BOTH,
    "park_server/db/tables.py": SCHEMA,
    "park_server/db/turn_tables.py": SCHEMA,
    "park_server/db/user_tables.py": SCHEMA,
    "park_server/migrations/versions/v0014_postgresql.py": BOTH,
    "park_server/folder_index/pypiserver_child.py": "test_folder_server starts it",
    "park_server/http/admin_routes.py": ROUTES,
    "park_server/http/app.py": PARTS,
    "park_server/http/area_routes.py": ROUTES,
    "park_server/http/event_routes.py": ROUTES,
    "park_server/http/follow_routes.py": ROUTES,
    "park_server/http/graph_routes.py": ROUTES,
    "park_server/http/input_routes.py": ROUTES,
    "park_server/http/install_routes.py": ROUTES,
    "park_server/http/job_routes.py": ROUTES,
    "park_server/http/memo/memo_routes.py": "routes; functional/memo/test_rerun asks them",
    "park_server/http/parts.py": PARTS,
    "park_server/http/replay/replay_routes.py": ROUTES,
    "park_server/http/trust/people_routes.py": ROUTES,
    "park_server/http/routing/media.py": "names of media types; test_openapi looks for them",
    "park_server/jobs/admission/arriving_rows.py": "admission/test_arrivals goes on with each row",
    "park_server/jobs/admission/intake.py": "test_scheduler and test_arrivals submit through it",
    "park_server/jobs/admission/submission.py": RECORDS,
    "park_server/jobs/files/reach_check.py": "functional/trust/test_owners tries each",
    "park_server/installs/permitted/reach.py": "hands on; trust/test_owners tries both",
    "park_server/jobs/conditions/beginning.py": "parts of settlement, as its tests see",
    "park_server/jobs/conditions/recall.py": "a protocol, and a part that does nothing",
    "park_server/jobs/conditions/run_rows.py": "queries; jobs/memo/test_recall looks at each",
    "park_server/jobs/conditions/spreading/odd_conditions.py": "jobs/resumption/"
    "test_unread_conditions has a condition that cannot be read",
    "park_server/jobs/conditions/shared_runs.py": "jobs/memo/test_recall looks at each of its ways",
    "park_server/jobs/engines/order_record.py": "a record in another; engines/test_local runs it",
    "park_server/jobs/engines/slurm/cluster.py": "functional/cluster/test_slurm: a real Slurm",
    "park_server/jobs/engines/slurm/asking.py": "functional/cluster/test_slurm runs them",
    "park_server/jobs/engines/slurm/tracked.py": "a record",
    "park_server/jobs/engines/engine.py": "a protocol and its records",
    "park_server/jobs/memo/answer_check.py": "jobs/memo/test_recall looks at both outcomes",
    "park_server/jobs/memo/answered_rows.py": "queries; jobs/memo/test_recall looks at each",
    "park_server/jobs/memo/desk.py": "functional/memo/test_rerun: a real service",
    "park_server/jobs/memo/memo_list.py": "queries; jobs/memo/test_explanation looks at each",
    "park_server/jobs/memo/memo_rows.py": "queries; jobs/memo/test_recall looks at each",
    "park_server/jobs/seams.py": "protocols, and parts that do nothing",
    "park_server/migrations/env.py": "what Alembic calls; db/test_migrate runs it",
    "park_server/migrations/versions/v0001_first_schema.py": SCHEMA,
    "park_server/migrations/versions/v0002_workflows.py": SCHEMA,
    "park_server/migrations/versions/v0003_exact_json.py": SCHEMA,
    "park_server/migrations/versions/v0004_labels.py": SCHEMA,
    "park_server/migrations/versions/v0005_retention.py": SCHEMA,
    "park_server/migrations/versions/v0006_races.py": SCHEMA,
    "park_server/migrations/versions/v0007_memoization.py": SCHEMA,
    "park_server/migrations/versions/v0008_stalled.py": SCHEMA,
    "park_server/migrations/versions/v0016_arriving.py": SCHEMA,
    "park_server/migrations/versions/v0009_users.py": SCHEMA,
    "park_server/migrations/versions/v0010_asked_for.py": SCHEMA,
    "park_server/migrations/versions/v0011_turns.py": SCHEMA,
    "park_server/page/inside_job_routes.py": PAGE_ROUTES,
    "park_server/page/live_routes.py": PAGE_ROUTES,
    "park_server/page/now.py": "queries; functional/page looks at what they find",
    "park_server/page/page_parts.py": PARTS,
    "park_server/page/seen_records.py": RECORDS,
    "park_server/page/session_routes.py": PAGE_ROUTES,
    "park_server/migrations/versions/v0012_bound_grants.py": SCHEMA,
    "park_server/peers/lent.py": "a record",
    "park_server/migrations/versions/v0013_resources.py": SCHEMA,
    "park_server/page/text_routes.py": PAGE_ROUTES,
    "park_server/page/workflow_routes.py": PAGE_ROUTES,
    "park_server/migrations/versions/v0015_accounts.py": SCHEMA,
    "park_server/migrations/versions/v0017_bounced_grants.py": SCHEMA,
    "park_server/migrations/versions/v0018_request_ids.py": SCHEMA,
    "park_server/migrations/versions/v0019_approvals.py": SCHEMA,
    "park_server/migrations/versions/v0020_audit_by_time.py": SCHEMA,
    "park_server/migrations/versions/v0021_named_files.py": SCHEMA,
    "park_server/migrations/versions/v0022_unsettled.py": SCHEMA,
    "park_server/approvals/approval_rows.py": "test_approvals, beside where it would be, asks each",
    "park_server/quotas/incoming.py": "a protocol; quotas/test_quotas counts what comes by it",
    "park_server/serving/serve.py": "is a process; tests/functional/services start and stop it",
    "park_server/serving/standing_by.py": "is a process; tests/functional/homes has it take over",
    "park_server/serving/web.py": "is a process; tests/functional/services ask it, and reload it",
    "park_server/trust/identity.py": "records; http/test_auth and trust/test_access look at them",
    "park_server/trust/token_rows.py": "rows; trust/test_token_book keeps and finds them",
    "park_server/trust/trust.py": PARTS,
    "park_server/trust/user_rows.py": "rows; trust/test_directory keeps and finds them",
}
"""Modules without a test of their own, each with the reason: it decides nothing by itself, or
only as a process or together with real tools, where the test that is named looks at it."""


def unmirrored(source: Path, tests: Path) -> set[str]:
    """Return the modules below ``source`` that have no test at their path below ``tests``."""
    found = (path.relative_to(source) for path in source.rglob("*.py"))
    modules = [path for path in found if not path.name.startswith("__")]
    return {
        f"{source.name}/{path.as_posix()}"
        for path in modules
        if not (tests / path.with_name(f"test_{path.name}")).is_file()
    }


def all_unmirrored() -> set[str]:
    return {name for source, tests in MIRRORS.items() for name in unmirrored(source, tests)}


def test_each_module_has_its_test_or_a_reason_for_none() -> None:
    assert all_unmirrored() - WITHOUT.keys() == set()


def test_no_reason_outlives_its_module_or_stands_beside_a_test() -> None:
    assert WITHOUT.keys() - all_unmirrored() == set()


def test_a_module_without_a_test_is_found(tmp_path: Path) -> None:
    source, tests = tmp_path / "pkg", tmp_path / "tests"
    for file in (
        "pkg/__init__.py",
        "pkg/deep/one.py",
        "pkg/deep/other.py",
        "tests/deep/test_one.py",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    assert unmirrored(source, tests) == {"pkg/deep/other.py"}
