"""The service: HTTP, environments, jobs, storage."""
