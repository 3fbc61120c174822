"""The settings of a service from what was said to ``park serve``."""

from __future__ import annotations

from argparse import Namespace

from park_server.settings import Settings

__all__ = ["settings_of"]


def settings_of(options: Namespace) -> Settings:
    """Check and complete what was said; raises `UsageError`."""
    return Settings.of(
        home=options.home,
        host=options.host,
        port=options.port,
        url=options.url,
        ready_file=options.ready_file,
        upstream=options.upstream,
        slots=options.slots,
        gpus=options.gpus,
        engines=options.engine,
        node_store=options.node_store,
        short_jobs=options.short_jobs,
        allow_builds=options.allow_builds,
        quota=options.quota,
        keep_jobs=options.keep_jobs,
        keep_logs=options.keep_logs,
        keep_events=options.keep_events,
        keep_trees=options.keep_trees,
        newest_trees=options.newest_trees,
        keep_quarantine=options.keep_quarantine,
        jobs_quota=options.jobs_quota,
        reserve=options.reserve,
        job_disk=options.job_disk,
        job_processes=options.job_processes,
        job_accounts=options.job_accounts,
        job_memory=options.job_memory,
        job_log=options.job_log,
        trust_all=options.trust_all,
        index=options.index,
        index_upload=options.index_upload,
        index_login_file=options.index_login,
        pools=options.pool,
        resolver=options.resolver,
        roots=options.root,
        allow_addresses=options.allow_address,
        allow_hosts=options.allow_host,
        trusted_proxies=options.trusted_proxy,
        tls_certificate=options.tls_certificate,
        tls_key=options.tls_key,
        fetch_limit=options.fetch_limit,
        watch_loop_ms=options.watch_loop,
        shared_memo=options.shared_memo,
        verify_memo=options.verify_memo,
        database=options.database,
        database_password_file=options.database_password,
    )
