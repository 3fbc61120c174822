"""Who forks for a fork server: a process that does nothing else."""
